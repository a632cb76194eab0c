//! A network in training is planned, lowered and bound.

use std::{cell::RefCell, collections::BTreeMap};

use crate::{
    error::{Error, Result},
    gpu::{
        bound::{DispatchBuilder, SLOT_USAGE},
        call::{Bound, Call, Lowered, Stretch},
        context::Gpu,
        convolve::RungSelector,
        limits::binding_bytes,
        pipelines::Pipelines,
        table::Table,
        train::{
            descent::Descent,
            numbers::{NumberArenas, NumberKinds},
            step::{StepBuilder, TrainStep},
            train_program::{PlannedTraining, TrainOptions, TrainProgram},
            update::{Update, UpdateCalls},
            values::ValueFormat,
        },
    },
    graph::{
        Graph, Keep, NodeId, Params,
        backward::{GradientRequest, TrainingGraph, backward},
        plan::{Plan, SlotId},
        recompute::{Recompute, recompute},
    },
    kernels::{Precision, conv::Caps},
    ops::{Op, TrainOp},
};

/// Invocations of a workgroup of the kernels that have one a pixel.
const LANES: usize = 64;

/// What a bound call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Forwards(NodeId),
    Backwards(NodeId),
    Pack,
    Update(Update),
}

impl TrainProgram {
    pub(super) async fn build(
        gpu: &Gpu,
        graph: &Graph,
        params: &Params,
        training: TrainingGraph,
        options: &TrainOptions,
    ) -> Result<Self> {
        let format = ValueFormat { precision: Precision::F32, pictures: options.pictures };
        let plan = Plan::new(&training.graph, &training.target(&options.keep));
        check(&training, &plan, format, binding_bytes(&gpu.limits, None))?;
        let numbers = NumberArenas::new(
            gpu,
            graph,
            &training,
            params,
            NumberKinds { summed: options.several, averaged: options.averaged, squared: options.adaptive },
        )?;
        let view = |id: NodeId| plan.views(id).first().copied().ok_or_else(|| Error::graph("gradient", "has no place"));
        let mut arena_slots = BTreeMap::new();
        for (id, stretch) in numbers.gradients() {
            arena_slots.insert(view(id)?.slot, stretch);
        }
        let slots: Vec<wgpu::Buffer> = (0..)
            .map(SlotId)
            .zip(&plan.slots)
            .map(|(id, slot)| match arena_slots.get(&id) {
                Some(stretch) => stretch.buffer.clone(),
                None => {
                    let bytes = slot.vectors * format.pictures * 4 * format.precision.bytes();
                    gpu.buffer(&format!("slot {}", id.0), bytes, SLOT_USAGE)
                }
            })
            .collect();
        gpu.check()?;

        let mut pipelines = Pipelines::new(gpu, format.precision, options.checked);
        let caps = gpu.caps(format.precision);
        let caps = options.card.map_or(caps, |class| Caps { software: false, class, ..caps });
        let tuned = Table::default();
        let choice = RungSelector { caps, forced: options.conv, tuned: &tuned, pictures: format.pictures };
        let builder = StepBuilder {
            gpu,
            training: &training,
            params,
            numbers: &numbers,
            choice,
            zeros: zeros(gpu, &training),
            packs: RefCell::default(),
        };
        let steps = plan.steps.iter().map(|step| builder.step(step)).collect::<Result<Vec<_>>>()?;
        let packed_bytes = steps.iter().filter_map(|step| step.pack.as_ref()).map(packed).sum();
        let update = UpdateCalls::new(gpu, &numbers, &plan)?;
        let calls = steps.iter().flat_map(|step| step.lowered.calls.iter().chain(&step.pack));
        let calls = calls.chain(update.calls.iter().map(|(_, call)| call));
        pipelines.prepare(calls.map(|call| &call.dispatch))?;

        let first_above = training.first_given();
        let mut calls = DispatchBuilder::new(gpu, format.precision);
        for (step, TrainStep { mut lowered, pack }) in plan.steps.iter().zip(steps) {
            in_arena(&mut lowered, &arena_slots);
            let node = training.graph.node(step.node);
            let names = || (node.name.as_str(), node.label());
            let part = if step.node < first_above { Part::Forwards(step.node) } else { Part::Backwards(step.node) };
            calls.push(gpu, &mut pipelines, names(), || part, lowered, None).await?;
            if let Some(pack) = pack {
                calls.push(gpu, &mut pipelines, names(), || Part::Pack, pack.into(), None).await?;
            }
        }
        let UpdateCalls { calls: extra, settings, offsets } = update;
        for (update, call) in extra {
            let part = Part::Update(update);
            let mut lowered = Lowered::from(call);
            in_arena(&mut lowered, &arena_slots);
            calls.push(gpu, &mut pipelines, ("step", "step".into()), || part, lowered, None).await?;
        }
        let (kernels, scratch_bytes) = (calls.kernels(), calls.scratch_bytes());
        let bound = calls.finish(gpu, &mut pipelines, &slots);
        let kernels = bound.iter().zip(kernels).filter_map(|((part, _), kernel)| match part {
            Part::Forwards(node) | Part::Backwards(node) => Some((*node, kernel)),
            Part::Pack | Part::Update(_) => None,
        });
        let kernels = kernels.collect();
        let (mut forwards, mut backwards, mut packs, mut updates) = (vec![], vec![], vec![], vec![]);
        for (part, bound) in bound {
            match part {
                Part::Forwards(_) => forwards.push(bound),
                Part::Backwards(_) => backwards.push(bound),
                Part::Pack => packs.push(bound),
                Part::Update(update) => updates.push((update, bound)),
            }
        }
        let program = Self {
            gpu: gpu.clone(),
            training,
            plan,
            format,
            slots,
            arena_slots,
            numbers,
            forwards,
            backwards,
            packs,
            updates,
            gathered: 0,
            descent: Descent::default(),
            settings,
            setting_offsets: offsets,
            scratch_bytes,
            packed_bytes,
            kernels,
        };
        program.submit(program.packs.iter());
        gpu.check()?;
        Ok(program)
    }

    /// What a training of `graph` would need with so many pictures at once.
    ///
    /// # Errors
    /// As [`backward`].
    pub fn planned(
        gpu: &Gpu,
        graph: &Graph,
        request: &GradientRequest<'_>,
        pictures: usize,
        how: Recompute,
    ) -> Result<PlannedTraining> {
        let training = recompute(backward(graph, request, pictures)?, how)?;
        let plan = Plan::new(&training.graph, &training.target(&Keep::Heads));
        let bytes = |vectors: usize| (vectors * pictures * 4 * Precision::F32.bytes()) as u64;
        let values: Vec<u64> = training.value_slots(&plan).map(|slot| bytes(slot.vectors)).collect();
        let largest = values.iter().copied().max().unwrap_or(0);
        let planes = training.graph.nodes.iter().map(|node| (node.shape.pixels() * pictures).div_ceil(LANES));
        let workgroups = planes.max().unwrap_or(0) as u64;
        let most = gpu.workgroups_in_a_row();
        let fits = largest <= binding_bytes(&gpu.limits, None) && workgroups <= most;
        Ok(PlannedTraining { bytes: values.iter().sum::<u64>(), largest, workgroups, fits })
    }
}

/// Bytes of what a call packs.
fn packed(pack: &Call) -> u64 {
    match pack.bound.last() {
        Some(Bound::Memory(packed)) => packed.size,
        _ => 0,
    }
}

/// Fails if a value does not fit into one binding.
fn check(training: &TrainingGraph, plan: &Plan, format: ValueFormat, allowed: u64) -> Result<()> {
    let bytes = |vectors: usize| (vectors * format.pictures * 4 * format.precision.bytes()) as u64;
    let tenants = plan.slots.iter().flat_map(|slot| &slot.tenants);
    match tenants.filter(|tenant| bytes(tenant.vectors) > allowed).min_by_key(|tenant| tenant.region) {
        None => Ok(()),
        Some(tenant) => Err(Error::Limit {
            node: training.graph.node(tenant.region).name.clone(),
            what: format!("its value, of {} pictures", format.pictures),
            needed: format!("{:.1} MB in one binding", bytes(tenant.vectors) as f64 / 1e6),
            allowed: format!("{:.1} MB", allowed as f64 / 1e6),
            hint: "; try fewer pictures at once, or a smaller size".into(),
        }),
    }
}

/// As many zeros as any convolution of a training graph may read for biases.
fn zeros(gpu: &Gpu, training: &TrainingGraph) -> Stretch {
    let channels = training.graph.nodes.iter().map(|node| match &node.op {
        // Phases.
        Op::Train(TrainOp::ConvDgrad(dgrad)) => {
            node.shape.c.next_multiple_of(4) * dgrad.conv.stride_y * dgrad.conv.stride_x
        }
        _ => node.shape.c,
    });
    let channels = channels.max().unwrap_or(0).next_multiple_of(128);
    Stretch::whole(gpu.buffer("zeros", channels * 4, SLOT_USAGE))
}

/// Slots that are stretches of the arena.
fn in_arena(lowered: &mut Lowered, arena_slots: &BTreeMap<SlotId, Stretch>) {
    for bound in lowered.calls.iter_mut().flat_map(|call| &mut call.bound) {
        if let Bound::Slot(id) = bound
            && let Some(stretch) = arena_slots.get(id)
        {
            *bound = Bound::Memory(stretch.clone());
        }
    }
}
