//! One network on one device: pipelines, bind groups and buffers, all made here and never again.

use std::collections::BTreeMap;

use crate::{
    error::Result,
    gpu::{
        boxes::{Boxes, Picture},
        context::Gpu,
        convolve::{Choice, numbers},
        limits::{binding_bytes, binding_vectors, check_plan},
        lower::{Lowered, lower},
        parallel,
        pipelines::Pipelines,
        ready::{Preparing, Ready, SLOT_USAGE, Sent},
        source::Source,
        tune::{self, Table, Tune},
    },
    graph::{
        Graph, NodeId, Params,
        bands::bands,
        fold::fold,
        fuse::fuse,
        plan::{Keep, Plan, Step},
    },
    kernels::{
        Precision,
        ladder::{Caps, Variant},
    },
    task::{Steps, Task},
};

/// How a program is built.
#[derive(Clone, Debug)]
pub struct ProgramOptions {
    /// Element type of values and weights.
    pub precision: Precision,
    /// Values that can be read back besides the heads.
    pub keep: Keep,
    /// This rung for every convolution that it is able to do; otherwise the best known for the adapter.
    pub conv: Option<Variant>,
    /// What is measured before the network is built.
    pub tune: Tune,
    /// What was measured before; a table of another adapter, driver or version counts for nothing.
    pub tuned: Table,
    /// Plays as if the device allowed no larger storage binding than this, in bytes: values that do not fit are cut into
    /// bands of channels (see [`bands`]).
    pub binding_bytes: Option<usize>,
    /// Keeps bounds checks and loop counters in the kernels (for the problem suite; slower).
    pub checked: bool,
    /// Pictures that are played at once, at least 1.
    pub batch: usize,
}

impl Default for ProgramOptions {
    fn default() -> Self {
        Self {
            precision: Precision::default(),
            keep: Keep::default(),
            conv: None,
            tune: Tune::default(),
            tuned: Table::default(),
            binding_bytes: None,
            checked: false,
            batch: 1,
        }
    }
}

/// A network ready to play. See [`Program::play`] and [`Program::detect`].
#[derive(Debug)]
pub struct Program {
    pub(super) gpu: Gpu,
    pub(super) graph: Graph,
    pub(super) plan: Plan,
    pub(super) precision: Precision,
    pub(super) batch: usize,
    pub(super) slots: Vec<wgpu::Buffer>,
    /// Where values are read back, for so many bytes.
    pub(super) staging: Option<(usize, wgpu::Buffer)>,
    pub(super) steps: Vec<(NodeId, Ready)>,
    kernels: Vec<&'static str>,
    /// The rung of each convolution.
    pub(super) rungs: BTreeMap<NodeId, Variant>,
    scratch_bytes: usize,
    tuned: Table,
    pub(super) pipelines: Pipelines,
    /// One for each picture of the batch.
    pub(super) sources: Vec<Source>,
    /// Likewise.
    pub(super) boxes: Vec<Boxes>,
}

impl Program {
    /// Folds, fuses, cuts and plans `graph`, checks it against the device's limits, then builds everything. `progress` is
    /// told steps done and steps in all.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] before anything is allocated; [`crate::Error::Gpu`] or
    /// [`crate::Error::OutOfMemory`] if the device refuses.
    pub fn new<'a>(
        gpu: &'a Gpu,
        graph: &'a Graph,
        params: Params,
        options: &'a ProgramOptions,
        progress: &'a mut Steps<'a>,
    ) -> Task<'a, Result<Self>> {
        Box::pin(Self::build(gpu, graph, params, options, progress))
    }

    async fn build(
        gpu: &Gpu,
        graph: &Graph,
        params: Params,
        options: &ProgramOptions,
        progress: &mut Steps<'_>,
    ) -> Result<Self> {
        let (precision, batch) = (options.precision, options.batch.max(1));
        let (graph, params) = fold(graph.clone(), params)?;
        let kept: &[NodeId] = match &options.keep {
            Keep::Nodes(nodes) => nodes,
            Keep::Heads | Keep::All => &[],
        };
        let (fused, params) = fuse(graph, params, kept);
        let binding = binding_bytes(&gpu.limits, options.binding_bytes);
        let limit = binding_vectors(binding, precision) / batch;
        let (graph, mut params) = bands(fused.clone(), params, limit);
        let plan = Plan::within(&graph, &options.keep, limit);
        check_plan(&fused, &graph, &plan, precision, batch, binding)?;

        let slots: Vec<wgpu::Buffer> = plan
            .slots
            .iter()
            .map(|slot| gpu.buffer("slot", slot.vectors * batch * 4 * precision.bytes(), SLOT_USAGE))
            .collect();
        // Before minutes of compiling for nothing.
        gpu.check()?;
        let mut pipelines = Pipelines::new(gpu, precision, options.checked);
        let caps = Caps { binding: usize::try_from(binding).unwrap_or(usize::MAX), ..gpu.caps(precision) };
        let identity = Table::identity(gpu);
        let mut tuned = if options.tuned.of == identity { options.tuned.clone() } else { Table::default() };
        tuned.of = identity;
        let shapes = tune::unknown(&graph, &plan, &tuned, options.tune, &caps, batch);
        let total = shapes.len() + plan.steps.len();
        for (done, problem) in shapes.iter().enumerate() {
            tune::measure(gpu, &mut pipelines, &caps, problem, options.tune, &mut tuned).await?;
            progress(done + 1, total);
        }
        let choice = Choice { caps, forced: options.conv, tuned: &tuned, pictures: batch };
        let mut preparing = Preparing::new(gpu, precision);
        let mut rungs = BTreeMap::new();
        let lowered = plan.steps.iter().map(|step| lower(&graph, step, &choice)).collect::<Result<Vec<_>>>()?;
        pipelines.prepare(lowered.iter().flat_map(|lowered| &lowered.calls).map(|call| &call.dispatch))?;
        let mut steps = plan.steps.iter().zip(lowered);
        let mut done = shapes.len();
        while done < total {
            // A few at a time, so that there is something to tell, and threads seldom wait for each other.
            let few: Vec<(&Step, Lowered)> = steps.by_ref().take(4 * parallel::width()).collect();
            let sent = parallel::map(&few, |(step, lowered)| {
                let numbers = |variant| numbers(&graph, &params, step, variant, &choice);
                let sent = lowered.variant.map(|v| Ok(Sent::new(gpu, precision, numbers(v)?)));
                sent.transpose()
            });
            for ((step, lowered), sent) in few.into_iter().zip(sent) {
                // On their way to the GPU; a big network's weights need not be held twice.
                params.0[step.node.0] = None;
                rungs.extend(lowered.variant.map(|variant| (step.node, variant)));
                let name = &graph.node(step.node).name;
                preparing.push(gpu, &mut pipelines, name, || step.node, lowered, sent?).await?;
                done += 1;
                progress(done, total);
            }
        }
        let kernels = preparing.kernels();
        let scratch_bytes = preparing.scratch_bytes();
        let steps = preparing.finish(gpu, &mut pipelines, &slots);
        let (mut sources, mut boxes) = (Vec::new(), Vec::new());
        for picture in 0..batch {
            sources.push(Source::new(gpu, &mut pipelines, &graph).await?);
            let at = Picture { number: picture, of: batch };
            boxes.push(Boxes::new(gpu, &mut pipelines, &graph, &plan, &slots, at).await?);
        }
        gpu.check()?;
        Ok(Self {
            gpu: gpu.clone(),
            graph,
            plan,
            precision,
            batch,
            slots,
            staging: None,
            steps,
            kernels,
            rungs,
            scratch_bytes,
            tuned,
            pipelines,
            sources,
            boxes,
        })
    }

    /// Sets by class whether its boxes are looked for, from the next submit on: those of others are no candidates and silence
    /// nothing. All are to begin with, and so are classes beyond the end of the list.
    pub fn want_classes(&self, wanted: &[bool]) {
        self.boxes.iter().for_each(|boxes| boxes.want(&self.gpu, wanted));
    }

    /// The graph as it is played: folded, fused, and cut into bands where it has to be.
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

    /// What is known of the adapter's speed: what was given, and what was measured on the way.
    pub fn tuned(&self) -> &Table {
        &self.tuned
    }

    /// Pictures that are played at once.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The rung that plays a convolution of [`Program::graph`].
    pub fn rung(&self, id: NodeId) -> Option<Variant> {
        self.rungs.get(&id).copied()
    }

    /// Dispatches of the network, letterbox and boxes aside.
    pub fn dispatches(&self) -> usize {
        self.steps.len()
    }

    /// Node and kernel of each of those dispatches, in order.
    pub fn calls(&self) -> impl Iterator<Item = (NodeId, &'static str)> {
        self.steps.iter().map(|(id, _)| *id).zip(self.kernels.iter().copied())
    }

    /// Bytes of all values, those between the dispatches of one convolution included.
    pub fn value_bytes(&self) -> usize {
        self.plan.peak_bytes(self.precision.bytes()) * self.batch + self.scratch_bytes
    }

    /// How many different pipelines were made.
    pub fn pipeline_count(&self) -> usize {
        self.pipelines.count()
    }
}
