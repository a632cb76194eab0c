//! One network on one device: pipelines, bind groups and buffers, all made here and never again.

use std::collections::BTreeMap;

use crate::{
    error::Result,
    gpu::{
        bound::{BoundDispatch, SLOT_USAGE},
        boxes::{BatchIndex, PostProcessor},
        context::Gpu,
        convolve::RungSelector,
        limits::{binding_bytes, binding_vectors, check_plan},
        lower::lower_all,
        pipelines::Pipelines,
        source::LetterboxPass,
        table::Table,
        tune::{self, Tune},
        upload::{Uploaded, upload},
    },
    graph::{
        Graph, Keep, NodeId, Params, Target,
        compile::{Compiled, compile},
        plan::Plan,
    },
    host::Look,
    kernels::{
        Precision,
        conv::{Caps, CardClass, Variant},
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
    /// bands of channels (see [`crate::graph::bands`]).
    pub binding_bytes: Option<usize>,
    /// Keeps bounds checks and loop counters in the kernels (for the problem suite; slower).
    pub checked: bool,
    /// Chooses as if the adapter were a card of this class (for the problem suite, where there is only a processor).
    pub card: Option<CardClass>,
    /// Pictures that are played at once, at least 1.
    pub batch: usize,
    /// Looks at each picture as test-time augmentation does ([`Look::augmented`]): a batch is that many times as large.
    pub tta: bool,
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
            card: None,
            batch: 1,
            tta: false,
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
    /// Canvases that are played at once: all looks at all pictures.
    pub(super) batch: usize,
    /// At every picture.
    pub(super) looks: Vec<Look>,
    pub(super) slots: Vec<wgpu::Buffer>,
    /// Where values are read back, for so many bytes.
    pub(super) staging: Option<(usize, wgpu::Buffer)>,
    pub(super) steps: Vec<(NodeId, BoundDispatch)>,
    kernels: Vec<&'static str>,
    /// The rung of each convolution.
    pub(super) rungs: BTreeMap<NodeId, Variant>,
    scratch_bytes: usize,
    tuned: Table,
    pub(super) pipelines: Pipelines,
    /// The letterboxes of pictures that are on the GPU before it is their turn.
    pub(super) ahead: Option<Vec<usize>>,
    /// One for each picture of the batch.
    pub(super) sources: Vec<LetterboxPass>,
    /// One for each picture of the batch too.
    pub(super) boxes: Vec<PostProcessor>,
}

impl Program {
    /// Compiles `graph`, checks it against the device's limits, chooses rungs, uploads the numbers and binds everything.
    /// `progress` is told steps done and steps in all.
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
        let looks = Look::all(graph.canvas(), options.tta);
        let (precision, batch) = (options.precision, options.batch.max(1) * looks.len());
        let binding = binding_bytes(&gpu.limits, options.binding_bytes);
        let limit = binding_vectors(binding, precision) / batch;
        let target = Target { binding: limit, keep: options.keep.clone(), ..Target::default() };
        let mut compiled = compile(graph.clone(), params, &target)?;
        check_plan(graph, &compiled, precision, (batch, looks.len()), binding)?;
        // Before minutes of compiling for nothing.
        let slots = compiled.plan.slots.iter().map(|slot| slot.vectors * batch * 4 * precision.bytes());
        let slot = |(n, bytes)| gpu.buffer(&format!("slot {n}"), bytes, SLOT_USAGE);
        let slots: Vec<wgpu::Buffer> = slots.enumerate().map(slot).collect();
        gpu.check()?;

        let mut pipelines = Pipelines::new(gpu, precision, options.checked);
        let caps = Caps { binding: usize::try_from(binding).unwrap_or(usize::MAX), ..gpu.caps(precision) };
        let caps = options.card.map_or(caps, |class| Caps { software: false, class, ..caps });
        let mut tuned = options.tuned.of_this(gpu);
        let shapes = tune::unknown(&compiled, &tuned, options.tune, &caps, batch);
        let total = shapes.len() + compiled.plan.steps.len();
        for (done, problem) in shapes.iter().enumerate() {
            tune::measure(gpu, &mut pipelines, &caps, problem, options.tune, &mut tuned).await?;
            progress(done + 1, total);
        }
        let choice = RungSelector { caps, forced: options.conv, tuned: &tuned, pictures: batch };
        let lowered = lower_all(&compiled, &choice)?;
        pipelines.prepare(lowered.iter().flat_map(|lowered| &lowered.calls).map(|call| &call.dispatch))?;

        let uploaded = upload(gpu, &mut pipelines, &mut compiled, lowered, &choice, progress, (shapes.len(), total));
        let Uploaded { calls, rungs } = uploaded.await?;
        let Compiled { graph, plan, .. } = compiled;

        let (kernels, scratch_bytes) = (calls.kernels(), calls.scratch_bytes());
        let steps = calls.finish(gpu, &mut pipelines, &slots);
        let (mut sources, mut boxes) = (Vec::new(), Vec::new());
        for first in (0..batch).step_by(looks.len()) {
            sources.push(LetterboxPass::new(gpu, &mut pipelines, &graph, &looks).await?);
            let at = BatchIndex { first, looks: &looks, of: batch };
            boxes.push(PostProcessor::new(gpu, &mut pipelines, &graph, &plan, &slots, at).await?);
        }
        gpu.check()?;
        Ok(Self {
            gpu: gpu.clone(),
            graph,
            plan,
            precision,
            batch,
            looks,
            slots,
            staging: None,
            steps,
            kernels,
            rungs,
            scratch_bytes,
            tuned,
            pipelines,
            ahead: None,
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
        self.batch / self.looks.len()
    }

    /// What is looked at of every picture: the canvas as it is, and what test-time augmentation adds.
    pub fn looks(&self) -> &[Look] {
        &self.looks
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
