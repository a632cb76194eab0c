//! One network on one device: pipelines, bind groups and buffers, all made here and never again.

use crate::{
    error::Result,
    gpu::{
        boxes::Boxes,
        buffers::{Packed, encode},
        context::Gpu,
        limits::{check_dispatch, check_plan},
        lower::{Bound, Call, Choice, lower},
        pipelines::Pipelines,
        source::Source,
    },
    graph::{
        Graph, NodeId, Params,
        fold::fold,
        fuse::fuse,
        plan::{Keep, Plan},
    },
    kernels::{Precision, conv::Variant},
};

/// How a program is built.
#[derive(Clone, Debug, Default)]
pub struct ProgramOptions {
    /// Element type of values and weights.
    pub precision: Precision,
    /// Values that can be read back besides the heads.
    pub keep: Keep,
    /// This rung for every convolution that it is able to do; otherwise the best known for the adapter.
    pub conv: Option<Variant>,
    /// Keeps bounds checks and loop counters in the kernels (for the problem suite; slower).
    pub checked: bool,
}

/// A dispatch with nothing left to decide.
#[derive(Debug)]
pub(super) struct Ready {
    pub pipeline: wgpu::ComputePipeline,
    pub group: wgpu::BindGroup,
    pub workgroups: [u32; 3],
}

impl Ready {
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        let [x, y, z] = self.workgroups;
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.group, &[]);
        pass.dispatch_workgroups(x, y, z);
    }
}

/// A network ready to play. See [`Program::play`] and [`Program::detect`].
#[derive(Debug)]
pub struct Program {
    pub(super) gpu: Gpu,
    pub(super) graph: Graph,
    pub(super) plan: Plan,
    pub(super) precision: Precision,
    pub(super) slots: Vec<wgpu::Buffer>,
    pub(super) steps: Vec<(NodeId, Ready)>,
    pub(super) pipelines: Pipelines,
    pub(super) source: Source,
    pub(super) boxes: Boxes,
}

impl Program {
    /// Folds, fuses and plans `graph`, checks it against the device's limits, then builds everything. `progress` is
    /// told steps done and steps in all.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] before anything is allocated; [`crate::Error::Gpu`] or
    /// [`crate::Error::OutOfMemory`] if the device refuses.
    pub async fn new(
        gpu: &Gpu,
        graph: &Graph,
        params: Params,
        options: &ProgramOptions,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self> {
        let precision = options.precision;
        let (graph, params) = fold(graph.clone(), params)?;
        let kept: &[NodeId] = match &options.keep {
            Keep::Nodes(nodes) => nodes,
            Keep::Heads | Keep::All => &[],
        };
        let (graph, mut params) = fuse(graph, params, kept);
        let plan = Plan::new(&graph, &options.keep);
        check_plan(&graph, &plan, precision, &gpu.limits)?;

        let slots: Vec<wgpu::Buffer> = plan
            .slots
            .iter()
            .map(|slot| gpu.buffer("slot", slot.vectors * 4 * precision.bytes(), SLOT_USAGE))
            .collect();
        // Before minutes of compiling for nothing.
        gpu.check()?;
        let mut pipelines = Pipelines::new(gpu, precision, options.checked);
        let choice = Choice { caps: gpu.caps(precision), forced: options.conv };
        let mut scratch = [0; 2];
        let mut uniforms = Packed::new(gpu.limits.min_uniform_buffer_offset_alignment);
        let mut calls = Vec::with_capacity(plan.steps.len());
        let total = plan.steps.len();
        for (done, step) in plan.steps.iter().enumerate() {
            let lowered = lower(&graph, &params, step, choice)?;
            // The packed copy is on its way to the GPU; a big network's weights need not be held twice.
            params.0[step.node.0] = None;
            scratch = [scratch[0].max(lowered.scratch[0]), scratch[1].max(lowered.scratch[1])];
            for call in lowered.calls {
                check_dispatch(&graph.node(step.node).name, &call.dispatch, &gpu.limits)?;
                let offset = uniforms.push(&call.dispatch.params);
                let pipeline = pipelines.get(&call.dispatch).await?;
                calls.push((step.node, offset, pipeline, upload(gpu, precision, call)));
            }
            progress(done + 1, total);
        }
        let scratch = scratch.map(|vectors| gpu.buffer("scratch", vectors * 4 * precision.bytes(), SLOT_USAGE));
        let uniforms = gpu.filled("params", uniforms.bytes(), wgpu::BufferUsages::UNIFORM);
        let steps = calls
            .into_iter()
            .map(|(node, offset, pipeline, call)| {
                let layout = pipelines.bind_group_layout(call.dispatch.kernel);
                let group = call.bind(gpu, &layout, &uniforms, offset, &slots, &scratch);
                (node, Ready { pipeline, group, workgroups: call.dispatch.workgroups })
            })
            .collect();
        let source = Source::new(gpu, &mut pipelines, &graph).await?;
        let boxes = Boxes::new(gpu, &mut pipelines, &graph, &plan, &slots).await?;
        gpu.check()?;
        Ok(Self { gpu: gpu.clone(), graph, plan, precision, slots, steps, pipelines, source, boxes })
    }

    /// The graph as it is played: folded and fused.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Where everything lies.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The device that it plays on.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Element type of values and weights.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// How many different pipelines were made.
    pub fn pipeline_count(&self) -> usize {
        self.pipelines.count()
    }
}

const SLOT_USAGE: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_DST).union(wgpu::BufferUsages::COPY_SRC);

/// A call whose numbers are on the GPU.
struct Uploaded {
    dispatch: crate::kernels::Dispatch,
    bound: Vec<(Bound, Option<wgpu::Buffer>)>,
}

fn upload(gpu: &Gpu, precision: Precision, call: Call) -> Uploaded {
    let storage = wgpu::BufferUsages::STORAGE;
    let bound = call.bound.into_iter().map(|bound| match bound {
        Bound::Weights(w) => {
            let buffer = gpu.filled("weights", &encode(precision, &w), storage);
            (Bound::Weights(vec![]), Some(buffer))
        }
        Bound::Bias(b) => {
            let buffer = gpu.filled("bias", &encode(Precision::F32, &b), storage);
            (Bound::Bias(vec![]), Some(buffer))
        }
        other => (other, None),
    });
    Uploaded { bound: bound.collect(), dispatch: call.dispatch }
}

impl Uploaded {
    fn bind(
        &self,
        gpu: &Gpu,
        layout: &wgpu::BindGroupLayout,
        uniforms: &wgpu::Buffer,
        offset: u64,
        slots: &[wgpu::Buffer],
        scratch: &[wgpu::Buffer],
    ) -> wgpu::BindGroup {
        let size = std::num::NonZeroU64::new(self.dispatch.params.len() as u64);
        let resource = |(bound, own): &'_ (Bound, Option<wgpu::Buffer>)| match (bound, own) {
            (Bound::Slot(slot), _) => slots[slot.0].clone(),
            (Bound::Scratch(number), _) => scratch[*number].clone(),
            (_, Some(buffer)) => buffer.clone(),
            (_, None) => uniforms.clone(),
        };
        let buffers: Vec<wgpu::Buffer> = self.bound.iter().map(resource).collect();
        let entries: Vec<_> = self
            .bound
            .iter()
            .zip(&buffers)
            .enumerate()
            .map(|(i, ((bound, _), buffer))| wgpu::BindGroupEntry {
                binding: i as u32,
                resource: match bound {
                    Bound::Params => wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset, size }),
                    _ => buffer.as_entire_binding(),
                },
            })
            .collect();
        gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(self.dispatch.kernel.name),
            layout,
            entries: &entries,
        })
    }
}
