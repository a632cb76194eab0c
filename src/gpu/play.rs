//! One frame: input in, one submit, what was asked for out.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    error::{Error, Result},
    gpu::{bound::BoundDispatch, boxes::Fetched, buffers::decode, program::Program, put::ProgramInput},
    graph::{NodeId, plan::TensorView},
    host::{Candidate, Thresholds},
    task::Task,
    tensor::{Shape, Tensor},
};

/// What [`Program::play`] brings back.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// What enters the `[yolo]` layers, in cfg order.
    pub heads: Vec<Tensor>,
    /// The values asked for, by node of the graph as loaded.
    pub nodes: BTreeMap<NodeId, Tensor>,
}

impl Program {
    /// Plays one frame and reads back the heads and the values of `keep` (nodes of the graph as loaded, which the
    /// program was built to keep).
    ///
    /// # Errors
    /// If the input has another shape, a value was not kept, or the device fails.
    pub async fn play(&mut self, input: impl Into<ProgramInput<'_>>, keep: &[NodeId]) -> Result<Played> {
        let played = self.play_batch(&[input.into()], keep).await?.pop();
        played.ok_or_else(|| Error::Gpu("a read-back was cut short".into()))
    }

    /// Plays up to [`Program::batch`] pictures in one submit: heads and kept values of each, in their order.
    ///
    /// # Errors
    /// As [`Program::play`]; [`Error::Usage`] for no picture, or too many.
    pub fn play_batch<'a>(
        &'a mut self,
        inputs: &'a [ProgramInput<'a>],
        keep: &'a [NodeId],
    ) -> Task<'a, Result<Vec<Played>>> {
        Box::pin(self.play_all(inputs, keep))
    }

    async fn play_all(&mut self, inputs: &[ProgramInput<'_>], keep: &[NodeId]) -> Result<Vec<Played>> {
        let wanted: Vec<NodeId> = keep.iter().map(|origin| self.find(*origin)).collect::<Result<_>>()?;
        let heads: Vec<NodeId> = self.graph.heads.iter().map(|h| h.input).collect();
        let ids: Vec<NodeId> = heads.iter().chain(&wanted).copied().collect();
        let letterboxes = self.put(inputs).await?;
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            self.record_network(&mut pass, &letterboxes);
        }
        let values = self.read_values(encoder, &ids, inputs.len()).await?;
        let played = values.into_iter().map(|tensors| {
            let mut tensors = tensors.into_iter();
            let head_values = tensors.by_ref().take(heads.len()).collect();
            Played { heads: head_values, nodes: named(keep, tensors) }
        });
        Ok(played.collect())
    }

    /// Reads back values that the last frame has left, of its first picture, by node of the graph as loaded.
    ///
    /// # Errors
    /// If a value was not kept, or the device fails.
    pub async fn values(&mut self, keep: &[NodeId]) -> Result<BTreeMap<NodeId, Tensor>> {
        let ids: Vec<NodeId> = keep.iter().map(|origin| self.find(*origin)).collect::<Result<_>>()?;
        let encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let first = self.read_values(encoder, &ids, 1).await?.into_iter().flatten();
        Ok(named(keep, first))
    }

    /// Submits the commands, then reads the values of `ids`, for each of the first `pictures` pictures.
    async fn read_values(
        &mut self,
        encoder: wgpu::CommandEncoder,
        ids: &[NodeId],
        pictures: usize,
    ) -> Result<Vec<Vec<Tensor>>> {
        let views: Vec<TensorView> = ids.iter().flat_map(|id| self.plan.views(*id)).copied().collect();
        let room = usize::try_from(self.gpu.limits.max_buffer_size).unwrap_or(usize::MAX);
        let mut parts = vec![Vec::with_capacity(views.len()); pictures];
        let (mut encoder, mut rest) = (encoder, &views[..]);
        // At once what fits into one buffer: everything, unless a network is large and all of it was kept.
        loop {
            let mut total = 0;
            let fits = |view: &&TensorView| {
                total += self.bytes(view.shape);
                total <= room
            };
            let (now, later) = rest.split_at(rest.iter().take_while(fits).count().max(1).min(rest.len()));
            let bytes = self.read_views(encoder, now).await?;
            for (picture, parts) in parts.iter_mut().enumerate() {
                let mut bytes = &bytes[..];
                for view in now {
                    let (mine, others) = bytes.split_at(self.bytes(view.shape));
                    bytes = others;
                    // The first look is the picture as it is.
                    parts.push(self.unpack(view.shape, mine, picture * self.looks.len())?);
                }
            }
            rest = later;
            if rest.is_empty() {
                break;
            }
            encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        }
        parts.into_iter().map(|parts| self.whole(ids, parts)).collect()
    }

    /// Values from the views that they lie in.
    fn whole(&self, ids: &[NodeId], views: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut views = views.into_iter();
        let tensors = ids.iter().map(|id| {
            let mut parts = views.by_ref().take(self.plan.views(*id).len());
            let mut data = parts.next().map_or_else(Vec::new, |part| part.data);
            parts.for_each(|part| data.extend_from_slice(&part.data));
            let node = self.graph.node(*id);
            Tensor::new(node.shape, data).ok_or_else(|| Error::graph(&node.name, "came back with another size"))
        });
        tensors.collect()
    }

    /// Submits the commands, then reads what lies in `views`, all pictures of the batch.
    async fn read_views(&mut self, mut encoder: wgpu::CommandEncoder, views: &[TensorView]) -> Result<Vec<u8>> {
        let total: usize = views.iter().map(|v| self.bytes(v.shape)).sum();
        // Kept while the same values are asked for.
        let kept = self.staging.take().filter(|(bytes, _)| *bytes == total).map(|(_, buffer)| buffer);
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = kept.unwrap_or_else(|| self.gpu.buffer("values", total, usage));
        let mut at = 0;
        for view in views {
            let n = self.bytes(view.shape) as u64;
            let from = (view.block * self.batch * self.plane_bytes(view.shape)) as u64;
            encoder.copy_buffer_to_buffer(&self.slots[view.slot.0], from, &staging, at, Some(n));
            at += n;
        }
        self.gpu.queue.submit([encoder.finish()]);
        let bytes = self.gpu.read(&staging).await?;
        self.staging = Some((total, staging));
        Ok(bytes)
    }

    /// Plays one frame down to boxes: all of them, after NMS, best first (ties by number of the box, then class).
    ///
    /// # Errors
    /// As [`Program::play`]; [`Error::Limit`] if there are more candidates than fit into one binding.
    pub async fn detect(
        &mut self,
        input: impl Into<ProgramInput<'_>>,
        thresholds: &Thresholds,
    ) -> Result<Vec<Candidate>> {
        Ok(self.detect_batch(&[(input.into(), *thresholds)]).await?.pop().unwrap_or_default())
    }

    /// Plays up to [`Program::batch`] pictures in one submit down to boxes: those of each, in their order.
    ///
    /// # Errors
    /// As [`Program::detect`]; [`Error::Usage`] for no picture, or too many.
    pub fn detect_batch<'a>(
        &'a mut self,
        frames: &'a [(ProgramInput<'a>, Thresholds)],
    ) -> Task<'a, Result<Vec<Vec<Candidate>>>> {
        Box::pin(self.detect_all(frames))
    }

    async fn detect_all(&mut self, frames: &[(ProgramInput<'_>, Thresholds)]) -> Result<Vec<Vec<Candidate>>> {
        // It may be of others.
        self.forget_ahead();
        self.begin(frames).await?;
        let thresholds: Vec<Thresholds> = frames.iter().map(|(_, thresholds)| *thresholds).collect();
        self.finish(&thresholds).await
    }

    /// Brings up to [`Program::batch`] pictures to the GPU that [`Program::begin_detect`] is called with next, while the GPU is busy with
    /// what was submitted before. Inputs that are no pictures are left to that call.
    ///
    /// # Errors
    /// As [`Program::play`].
    pub fn upload_ahead<'a>(&'a mut self, inputs: &'a [ProgramInput<'a>]) -> Task<'a, Result<()>> {
        Box::pin(async move {
            // A tensor goes into a slot, where that may lie of which the boxes are made again.
            let pictures = inputs.iter().all(|input| matches!(input, ProgramInput::Picture(..)));
            if pictures && !inputs.is_empty() {
                let letterboxes = self.put(inputs).await?;
                // What there is no room for is told when its turn comes, not of the pictures before.
                self.ahead = self.gpu.check().is_ok().then_some(letterboxes);
            }
            Ok(())
        })
    }

    /// Forgets what [`Program::upload_ahead`] has brought.
    pub fn forget_ahead(&mut self) {
        self.ahead = None;
    }

    /// The first half of [`Program::detect_batch`]: all is submitted, nothing is waited for. Pictures that
    /// [`Program::upload_ahead`] has brought are taken as they are.
    ///
    /// # Errors
    /// As [`Program::detect_batch`].
    pub fn begin_detect<'a>(&'a mut self, frames: &'a [(ProgramInput<'a>, Thresholds)]) -> Task<'a, Result<()>> {
        Box::pin(self.begin(frames))
    }

    /// The second half, for as many thresholds as there were frames: the boxes of each, in their order.
    ///
    /// # Errors
    /// As [`Program::detect_batch`].
    pub fn finish_detect<'a>(&'a mut self, thresholds: &'a [Thresholds]) -> Task<'a, Result<Vec<Vec<Candidate>>>> {
        Box::pin(self.finish(thresholds))
    }

    async fn begin(&mut self, frames: &[(ProgramInput<'_>, Thresholds)]) -> Result<()> {
        let (inputs, thresholds): (Vec<ProgramInput<'_>>, Vec<Thresholds>) = frames.iter().copied().unzip();
        let letterboxes = match self.ahead.take() {
            Some(letterboxes) => letterboxes,
            None => self.put(&inputs).await?,
        };
        let all: Vec<usize> = (0..frames.len()).collect();
        self.submit_boxes(&thresholds, &all, Some(&letterboxes));
        Ok(())
    }

    async fn finish(&mut self, thresholds: &[Thresholds]) -> Result<Vec<Vec<Candidate>>> {
        let mut found = vec![vec![]; thresholds.len()];
        let mut open: Vec<usize> = (0..thresholds.len()).collect();
        loop {
            let mut overflown = Vec::new();
            for n in open {
                match self.boxes[n].take(&self.gpu).await? {
                    Fetched::Boxes(boxes) => found[n] = boxes,
                    // The heads are still there: only the boxes are made again.
                    Fetched::Overflow(count) => {
                        self.boxes[n].grow(&self.gpu, &mut self.pipelines, count).await?;
                        overflown.push(n);
                    }
                }
            }
            if overflown.is_empty() {
                return Ok(found);
            }
            self.submit_boxes(thresholds, &overflown, None);
            open = overflown;
        }
    }

    /// Submits what makes the boxes of these pictures; with letterboxes, the network before it.
    fn submit_boxes(&mut self, thresholds: &[Thresholds], open: &[usize], network: Option<&[usize]>) {
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for n in open {
            self.boxes[*n].set(&self.gpu, &thresholds[*n]);
            self.boxes[*n].clear(&mut encoder);
        }
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            if let Some(letterboxes) = network {
                self.record_network(&mut pass, letterboxes);
            }
            open.iter().for_each(|n| self.boxes[*n].record(&mut pass));
        }
        open.iter().for_each(|n| self.boxes[*n].fetch(&mut encoder));
        self.gpu.queue.submit([encoder.finish()]);
    }

    /// Nodes of the graph as loaded whose values [`Program::play`] can bring back.
    pub fn origins(&self) -> Vec<NodeId> {
        // The bands of a value have the same one.
        self.graph.nodes.iter().map(|n| n.origin).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn find(&self, origin: NodeId) -> Result<NodeId> {
        // The whole comes after its bands.
        let found = self.graph.iter().filter(|(_, n)| n.origin == origin).map(|(id, _)| id).last();
        found.ok_or_else(|| Error::Usage(format!("node {} has no value of its own in the fused network", origin.0)))
    }

    /// The dispatches that bring these pictures of the batch onto the canvas.
    pub(super) fn letterboxes(&self, pictures: &[usize]) -> impl Iterator<Item = &BoundDispatch> {
        pictures.iter().flat_map(|number| self.sources[*number].dispatches())
    }

    /// The network, after the letterboxes of these pictures.
    pub(super) fn record_network(&self, pass: &mut wgpu::ComputePass<'_>, pictures: &[usize]) {
        self.letterboxes(pictures).for_each(|letterbox| letterbox.record(pass));
        self.steps.iter().for_each(|(_, bound)| bound.record(pass));
    }

    /// Bytes of a value, all pictures together.
    fn bytes(&self, shape: Shape) -> usize {
        shape.blocks() * self.batch * self.plane_bytes(shape)
    }

    /// One canvas's part of a value.
    fn unpack(&self, shape: Shape, bytes: &[u8], canvas: usize) -> Result<Tensor> {
        let planes = bytes.chunks_exact(self.plane_bytes(shape)).skip(canvas).step_by(self.batch);
        // Plane by plane: number by number takes longer than the network on a fast card.
        let mut mine = Vec::with_capacity(4 * shape.vectors());
        planes.for_each(|plane| mine.extend_from_slice(&decode(self.precision, plane)));
        Tensor::from_nc4hw4(shape, &mine).ok_or_else(|| Error::Gpu("a read-back was cut short".into()))
    }
}

/// Values by node. One by one: to collect them is to sort them, which is more code than a page should load for this.
fn named(nodes: &[NodeId], values: impl Iterator<Item = Tensor>) -> BTreeMap<NodeId, Tensor> {
    let mut all = BTreeMap::new();
    for (node, value) in nodes.iter().zip(values) {
        all.insert(*node, value);
    }
    all
}
