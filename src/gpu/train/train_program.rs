//! A network in training on one device.

use std::collections::BTreeMap;

use crate::{
    error::{Error, Result},
    gpu::{
        bound::BoundDispatch,
        call::Stretch,
        context::Gpu,
        train::{
            descent::{Descent, GradientNorm},
            numbers::NumberArenas,
            update::{Update, settings},
            values::ValueFormat,
        },
    },
    graph::{
        Graph, Keep, NodeId, Params,
        backward::{GradientRequest, TrainingGraph, backward},
        plan::{Plan, SlotId, TensorView},
        recompute::{Recompute, recompute},
    },
    kernels::conv::{CardClass, Variant},
    task::Task,
    tensor::Tensor,
};

/// How a network is trained.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// Pictures of a mini-batch, which are played at once.
    pub pictures: usize,
    /// Whether a step may have several mini-batches, whose gradients are put together.
    pub several: bool,
    /// Whether numbers are averaged over steps too.
    pub averaged: bool,
    /// Whether steps are AdamW's.
    pub adaptive: bool,
    /// Values of the training graph that can be read back beside heads, gradients and statistics.
    pub keep: Keep,
    /// How much is computed again for the gradients instead of being kept.
    pub recompute: Recompute,
    /// This rung for every convolution, forwards and backwards, that it is able to do.
    pub conv: Option<Variant>,
    /// Chooses as if the adapter were a card of this class (for tests, where there is only a processor).
    pub card: Option<CardClass>,
    /// Keeps bounds checks and loop counters in the kernels (for tests; slower).
    pub checked: bool,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            pictures: 1,
            several: false,
            averaged: false,
            adaptive: false,
            keep: Keep::Heads,
            recompute: Recompute::default(),
            conv: None,
            card: None,
            checked: false,
        }
    }
}

/// What a training would need, known before anything is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedTraining {
    /// Bytes of all values; shares of the gradients of weights, at most 64 MB, and of split rungs come on top.
    pub bytes: u64,
    /// Those of the largest binding among them.
    pub largest: u64,
    /// The most workgroups in a row.
    pub workgroups: u64,
    /// Whether the device has such bindings, and so many workgroups in a row.
    pub fits: bool,
}

/// A network ready to be trained. A step: [`TrainProgram::begin`]; for each mini-batch [`TrainProgram::forwards`], then [`TrainProgram::backwards`] with
/// what is asked of the heads; then [`TrainProgram::descend`].
#[derive(Debug)]
pub struct TrainProgram {
    pub(super) gpu: Gpu,
    pub(super) training: TrainingGraph,
    pub(super) plan: Plan,
    pub(super) format: ValueFormat,
    pub(super) slots: Vec<wgpu::Buffer>,
    /// The slots that are stretches of the arena of gradients.
    pub(super) arena_slots: BTreeMap<SlotId, Stretch>,
    pub(super) numbers: NumberArenas,
    pub(super) forwards: Vec<BoundDispatch>,
    pub(super) backwards: Vec<BoundDispatch>,
    /// Weights to what the rungs read.
    pub(super) packs: Vec<BoundDispatch>,
    pub(super) updates: Vec<(Update, BoundDispatch)>,
    /// Mini-batches of this step whose gradients are put together already.
    pub(super) gathered: usize,
    /// What this step is made of.
    pub(super) descent: Descent,
    /// What changes from step to step: parameters of the descents, then of the follows, at these offsets.
    pub(super) settings: wgpu::Buffer,
    pub(super) setting_offsets: Vec<u64>,
    pub(super) scratch_bytes: usize,
    pub(super) packed_bytes: u64,
    pub(super) kernels: Vec<(NodeId, &'static str)>,
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
        let training = training.and_then(|training| recompute(training, options.recompute));
        Box::pin(async move { Self::build(gpu, graph, params, training?, options).await })
    }

    /// The device that it plays on.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
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

    /// Bytes of everything on the device: values, arenas, packed weights.
    pub fn bytes(&self) -> u64 {
        self.value_bytes() as u64 + self.numbers.bytes() + self.packed_bytes
    }

    /// Bytes of all values, those between the dispatches of one node included; gradients and numbers aside.
    pub fn value_bytes(&self) -> usize {
        let slots = self.plan.slots.iter().enumerate().filter(|(n, _)| !self.arena_slots.contains_key(&SlotId(*n)));
        let vectors: usize = slots.map(|(_, slot)| slot.vectors).sum();
        vectors * self.format.pictures * 4 * self.format.precision.bytes() + self.scratch_bytes
    }

    /// Plays the network on a mini-batch: its pictures, or where it is the end of a network all that is given to it of the first picture, then of the
    /// next. The heads' values, one a picture each.
    ///
    /// # Errors
    /// If there are not as many pictures as [`TrainOptions::pictures`], one has another shape, or the device fails.
    pub fn forwards<'a>(&'a mut self, given: &'a [Tensor]) -> Task<'a, Result<Vec<Vec<Tensor>>>> {
        Box::pin(async move {
            let inputs = &self.training.inputs;
            let wanted = inputs.len() * self.format.pictures;
            if given.len() != wanted {
                return Err(Error::Usage(format!("input: expected {wanted} values, found {}", given.len())));
            }
            for (n, id) in inputs.iter().enumerate() {
                self.write(*id, &mut given.iter().skip(n).step_by(inputs.len()))?;
            }
            let heads: Vec<NodeId> = self.training.graph.heads.iter().map(|head| head.input).collect();
            let from = self.places(&heads);
            self.format.read(&self.gpu, self.record(self.forwards.iter()), &from?).await
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
            self.write(id, &mut values.iter())?;
        }
        let put = if self.gathered == 0 { Update::First } else { Update::More };
        self.gathered += 1;
        let behind = self.updates(Update::Follow).chain(self.updates(put));
        self.submit(self.backwards.iter().chain(behind));
        self.gpu.check()
    }

    /// The calls of a kind.
    fn updates(&self, kind: Update) -> impl Iterator<Item = &BoundDispatch> {
        self.updates.iter().filter(move |(update, _)| *update == kind).map(|(_, bound)| bound)
    }

    /// Begins a step: says how far numbers will move and statistics follow.
    ///
    /// # Errors
    /// What the device complains about.
    pub fn begin(&mut self, descent: &Descent) -> Result<()> {
        self.descent = *descent;
        self.gathered = 0;
        self.set()
    }

    /// Says how far running statistics follow from the next mini-batch on.
    ///
    /// # Errors
    /// What the device complains about.
    pub fn share(&mut self, share: f64) -> Result<()> {
        self.descent.share = share;
        self.set()
    }

    fn set(&self) -> Result<()> {
        let settings = settings(&self.gpu, &self.numbers, &self.plan, &self.descent)?;
        for (offset, setting) in self.setting_offsets.iter().zip(settings) {
            self.gpu.write(&self.settings, *offset as usize, &setting);
        }
        self.gpu.check()
    }

    /// Moves the numbers against the gradients of all mini-batches since [`TrainProgram::begin`], and packs weights anew; not waited for.
    ///
    /// # Errors
    /// [`Error::Usage`] if there is none, or several and [`TrainOptions::several`] was not asked for; what the device complains about.
    pub fn descend(&mut self) -> Result<()> {
        if self.gathered == 0 || self.gathered > 1 && self.numbers.sums.is_none() {
            return Err(Error::Usage(format!("a step of {} mini-batches: expected 1", self.gathered)));
        }
        let moves =
            self.updates(Update::Norm).chain(self.updates(Update::Descend)).chain(self.updates(Update::Average));
        self.submit(moves.chain(&self.packs));
        self.gpu.check()
    }

    /// What the gradients of the last step were. It is waited for.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn norm(&self) -> Result<GradientNorm> {
        let found = self.numbers.norm(&self.gpu).await?;
        let [_, length, odd, _] = found;
        Ok(GradientNorm { length: f64::from(length) / self.descent.batch.max(1) as f64, odd: odd as usize })
    }

    /// Brings back what is trained into `params`, numbers of the graph as loaded; or its averages, where there are any.
    ///
    /// # Errors
    /// If the device fails.
    pub async fn read_params(&self, averaged: bool, params: &mut Params) -> Result<()> {
        self.numbers.read(&self.gpu, averaged, params).await
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
        self.submit(self.packs.iter());
        Ok(())
    }

    /// Gives the memory of values and arenas back at once: nothing may be asked of it any more.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn destroy(&self) {
        self.slots.iter().chain(self.numbers.buffers()).for_each(wgpu::Buffer::destroy);
    }

    /// Reads values of the training graph: heads, gradients, statistics, and what is kept; one a picture each, or one of what sums over the batch.
    ///
    /// # Errors
    /// If one lies nowhere, or the device fails.
    pub async fn values(&self, ids: &[NodeId]) -> Result<Vec<Vec<Tensor>>> {
        self.format.read(&self.gpu, self.record(std::iter::empty()), &self.places(ids)?).await
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

    fn write(&self, id: NodeId, values: &mut dyn ExactSizeIterator<Item = &Tensor>) -> Result<()> {
        let view = self.view(id)?;
        let name = &self.training.graph.node(id).name;
        self.format.write(&self.gpu, name, &view, &self.slots[view.slot.0], values)
    }

    fn record<'a>(&self, calls: impl Iterator<Item = &'a BoundDispatch>) -> wgpu::CommandEncoder {
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            calls.for_each(|bound| bound.record(&mut pass));
        }
        encoder
    }

    pub(super) fn submit<'a>(&self, calls: impl Iterator<Item = &'a BoundDispatch>) {
        self.gpu.queue.submit([self.record(calls).finish()]);
    }
}
