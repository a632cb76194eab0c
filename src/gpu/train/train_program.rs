//! A network in training on one device.

use std::collections::BTreeMap;

use crate::{
    error::{Error, Result},
    gpu::{
        bound::{BoundDispatch, DispatchBuilder, SLOT_USAGE},
        call::{Bound, Lowered, Stretch},
        context::Gpu,
        convolve::RungSelector,
        limits::binding_bytes,
        pipelines::Pipelines,
        table::Table,
        train::{
            descent::Descent,
            numbers::NumberArenas,
            step::{StepBuilder, TrainStep},
            update::{UpdateCalls, settings},
            values::ValueFormat,
        },
    },
    graph::{
        Graph, Keep, NodeId, Params, Target,
        backward::{GradientRequest, TrainingGraph, backward},
        plan::{Plan, SlotId, TensorView},
    },
    kernels::{
        Precision,
        conv::{Caps, CardClass, Variant},
    },
    task::Task,
    tensor::Tensor,
};

/// How a network is trained.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// Pictures of a mini-batch, which are played at once.
    pub pictures: usize,
    /// Values of the training graph that can be read back beside heads, gradients and statistics.
    pub keep: Keep,
    /// This rung for every convolution, forwards and backwards, that it is able to do.
    pub conv: Option<Variant>,
    /// Chooses as if the adapter were a card of this class (for tests, where there is only a processor).
    pub card: Option<CardClass>,
    /// Keeps bounds checks and loop counters in the kernels (for tests; slower).
    pub checked: bool,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { pictures: 1, keep: Keep::Heads, conv: None, card: None, checked: false }
    }
}

/// A network ready to be trained: [`TrainProgram::forwards`], then [`TrainProgram::backwards`] with what is asked of the heads, then
/// [`TrainProgram::descend`].
#[derive(Debug)]
pub struct TrainProgram {
    gpu: Gpu,
    training: TrainingGraph,
    plan: Plan,
    format: ValueFormat,
    slots: Vec<wgpu::Buffer>,
    /// The slots that are stretches of the arena of gradients.
    arena_slots: BTreeMap<SlotId, Stretch>,
    numbers: NumberArenas,
    forwards: Vec<BoundDispatch>,
    backwards: Vec<BoundDispatch>,
    /// Weights to what the rungs read.
    packs: Vec<BoundDispatch>,
    descents: Vec<BoundDispatch>,
    follows: Vec<BoundDispatch>,
    /// What changes from step to step: parameters of the descents, then of the follows, at these offsets.
    settings: wgpu::Buffer,
    setting_offsets: Vec<u64>,
    scratch_bytes: usize,
    kernels: Vec<(NodeId, &'static str)>,
}

/// What a bound call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Forwards(NodeId),
    Backwards(NodeId),
    Pack,
    Descend,
    Follow,
}

impl TrainProgram {
    /// Appends the gradients to `graph` as it is loaded, plans, and sends the numbers to the device. Numbers are f32 throughout.
    ///
    /// # Errors
    /// As [`backward`]; [`Error::Limit`] before anything is allocated; [`Error::Graph`] if numbers are missing; [`Error::Gpu`] or
    /// [`Error::OutOfMemory`] if the device refuses.
    pub fn new<'a>(
        gpu: &'a Gpu,
        graph: &'a Graph,
        params: &'a Params,
        request: &'a GradientRequest<'a>,
        options: &'a TrainOptions,
    ) -> Task<'a, Result<Self>> {
        let training = backward(graph, request, options.pictures);
        Box::pin(async move { Self::build(gpu, graph, params, training?, options).await })
    }

    async fn build(
        gpu: &Gpu,
        graph: &Graph,
        params: &Params,
        training: TrainingGraph,
        options: &TrainOptions,
    ) -> Result<Self> {
        let format = ValueFormat { precision: Precision::F32, pictures: options.pictures };
        let plan = Plan::new(&training.graph, &target(&training, options));
        check(&training, &plan, format, binding_bytes(&gpu.limits, None))?;
        let numbers = NumberArenas::new(gpu, graph, &training, params)?;
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
        let builder =
            StepBuilder { gpu, training: &training, params, numbers: &numbers, choice, zeros: zeros(gpu, &training) };
        let steps = plan.steps.iter().map(|step| builder.step(step)).collect::<Result<Vec<_>>>()?;
        let update = UpdateCalls::new(gpu, &numbers, &plan)?;
        let calls = steps.iter().flat_map(|step| step.lowered.calls.iter().chain(&step.pack));
        let calls = calls.chain(&update.descents).chain(&update.follows);
        pipelines.prepare(calls.map(|call| &call.dispatch))?;

        let first_above = training.upstream.iter().min().copied().unwrap_or(NodeId(training.graph.nodes.len()));
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
        let UpdateCalls { descents, follows, settings, offsets } = update;
        let descents = descents.into_iter().map(|call| (Part::Descend, call));
        for (part, call) in descents.chain(follows.into_iter().map(|call| (Part::Follow, call))) {
            let mut lowered = Lowered::from(call);
            in_arena(&mut lowered, &arena_slots);
            calls.push(gpu, &mut pipelines, ("step", "step".into()), || part, lowered, None).await?;
        }
        let (kernels, scratch_bytes) = (calls.kernels(), calls.scratch_bytes());
        let bound = calls.finish(gpu, &mut pipelines, &slots);
        let kernels = bound.iter().zip(kernels).filter_map(|((part, _), kernel)| match part {
            Part::Forwards(node) | Part::Backwards(node) => Some((*node, kernel)),
            Part::Pack | Part::Descend | Part::Follow => None,
        });
        let kernels = kernels.collect();
        let (mut forwards, mut backwards, mut packs, mut descents, mut follows) =
            (vec![], vec![], vec![], vec![], vec![]);
        for (part, bound) in bound {
            let list = match part {
                Part::Forwards(_) => &mut forwards,
                Part::Backwards(_) => &mut backwards,
                Part::Pack => &mut packs,
                Part::Descend => &mut descents,
                Part::Follow => &mut follows,
            };
            list.push(bound);
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
            descents,
            follows,
            settings,
            setting_offsets: offsets,
            scratch_bytes,
            kernels,
        };
        program.submit(&[&program.packs]);
        gpu.check()?;
        Ok(program)
    }

    /// The network, forwards and backwards.
    pub fn training(&self) -> &TrainingGraph {
        &self.training
    }

    /// Where its values lie.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Node of the training graph and kernel of every dispatch, forwards, then backwards.
    pub fn calls(&self) -> &[(NodeId, &'static str)] {
        &self.kernels
    }

    /// Bytes of all values, those between the dispatches of one node included; gradients and numbers aside.
    pub fn value_bytes(&self) -> usize {
        let slots = self.plan.slots.iter().enumerate().filter(|(n, _)| !self.arena_slots.contains_key(&SlotId(*n)));
        let vectors: usize = slots.map(|(_, slot)| slot.vectors).sum();
        vectors * self.format.pictures * 4 * self.format.precision.bytes() + self.scratch_bytes
    }

    /// Plays the network on a mini-batch, one picture each; the heads' values, one a picture each.
    ///
    /// # Errors
    /// If there are not as many pictures as [`TrainOptions::pictures`], one has another shape, or the device fails.
    pub fn forwards<'a>(&'a mut self, pictures: &'a [Tensor]) -> Task<'a, Result<Vec<Vec<Tensor>>>> {
        Box::pin(async move {
            self.write(NodeId(0), pictures)?;
            let heads: Vec<NodeId> = self.training.graph.heads.iter().map(|head| head.input).collect();
            let from = self.places(&heads);
            self.format.read(&self.gpu, self.record(&[&self.forwards]), &from?).await
        })
    }

    /// Plays the gradients, for those by the heads' values; not waited for.
    ///
    /// # Errors
    /// If there are not as many as heads, and pictures, or one has another shape.
    pub fn backwards(&mut self, above: &[Vec<Tensor>]) -> Result<()> {
        let upstream = self.training.upstream.clone();
        if above.len() != upstream.len() {
            let (expected, found) = (upstream.len(), above.len());
            return Err(Error::Usage(format!("expected the gradients of {expected} heads, found {found}")));
        }
        for (id, values) in upstream.into_iter().zip(above) {
            self.write(id, values)?;
        }
        self.submit(&[&self.backwards]);
        self.gpu.check()
    }

    /// Moves the numbers against their gradients, lets running statistics follow, and packs weights anew; not waited for.
    ///
    /// # Errors
    /// What the device complains about.
    pub fn descend(&mut self, descent: &Descent) -> Result<()> {
        let settings = settings(&self.gpu, &self.numbers, &self.plan, descent)?;
        for (offset, setting) in self.setting_offsets.iter().zip(settings) {
            self.gpu.write(&self.settings, *offset as usize, &setting);
        }
        self.submit(&[&self.descents, &self.follows, &self.packs]);
        self.gpu.check()
    }

    /// Brings back what is trained into `params`, numbers of the graph as loaded.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn read_params(&self, params: &mut Params) -> Result<()> {
        self.numbers.read(&self.gpu, params).await
    }

    /// Numbers, what earlier steps have left, and running statistics, by name: all that the next step needs.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn state(&self) -> Result<Vec<(&'static str, Vec<f32>)>> {
        self.numbers.state(&self.gpu).await
    }

    /// Goes on from such a state, which `list` has by name.
    ///
    /// # Errors
    /// What is missing, or is of another network, in words.
    pub fn set_state(&mut self, list: &dyn Fn(&str) -> Option<Vec<f32>>) -> std::result::Result<(), String> {
        self.numbers.set_state(&self.gpu, list)?;
        self.submit(&[&self.packs]);
        Ok(())
    }

    /// Reads values of the training graph: heads, gradients, statistics, and what is kept; one a picture each, or one of what sums over the batch.
    ///
    /// # Errors
    /// If one lies nowhere, or the device fails.
    pub async fn values(&self, ids: &[NodeId]) -> Result<Vec<Vec<Tensor>>> {
        self.format.read(&self.gpu, self.record(&[]), &self.places(ids)?).await
    }

    fn view(&self, id: NodeId) -> Result<TensorView> {
        match *self.plan.views(id) {
            [view] => Ok(view),
            _ => Err(Error::graph(&self.training.graph.node(id).name, "does not lie in one piece")),
        }
    }

    fn places(&self, ids: &[NodeId]) -> Result<Vec<(TensorView, Stretch)>> {
        let place = |id: &NodeId| {
            let view = self.view(*id)?;
            let stretch = self.arena_slots.get(&view.slot).cloned();
            Ok((view, stretch.unwrap_or_else(|| Stretch::whole(self.slots[view.slot.0].clone()))))
        };
        ids.iter().map(place).collect()
    }

    fn write(&self, id: NodeId, values: &[Tensor]) -> Result<()> {
        let view = self.view(id)?;
        let name = &self.training.graph.node(id).name;
        self.format.write(&self.gpu, name, &view, &self.slots[view.slot.0], values)
    }

    fn record(&self, lists: &[&[BoundDispatch]]) -> wgpu::CommandEncoder {
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            lists.iter().flat_map(|list| list.iter()).for_each(|bound| bound.record(&mut pass));
        }
        encoder
    }

    fn submit(&self, lists: &[&[BoundDispatch]]) {
        self.gpu.queue.submit([self.record(lists).finish()]);
    }
}

/// What the plan is to keep: gradients from step to step, each in a place of its own, which is a stretch of an arena; statistics to the end.
fn target(training: &TrainingGraph, options: &TrainOptions) -> Target {
    let statistics = || training.statistics.iter().flat_map(|of| [of.mean, of.variance]);
    let keep = match &options.keep {
        Keep::Heads => Keep::Nodes(statistics().collect()),
        Keep::Nodes(nodes) => Keep::Nodes(statistics().chain(nodes.iter().copied()).collect()),
        Keep::All => Keep::All,
    };
    let persistent = training.gradients.iter().map(|gradient| gradient.value).collect();
    Target { keep, persistent, pictures: training.pictures, ..Target::default() }
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
    let channels = training.graph.nodes.iter().flat_map(|node| {
        // The gradient of what a convolution reads has phases.
        let stride = node.op.conv().map_or(1, |conv| conv.stride_y * conv.stride_x).max(4);
        [node.shape.c, (node.shape.c + 3) * stride]
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
