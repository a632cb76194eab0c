//! One frame: input in, one submit, what was asked for out.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    error::{Error, Result},
    gpu::{
        boxes::Fetched,
        buffers::{decode, encode},
        program::Program,
    },
    graph::{NodeId, plan::View},
    kernels::{
        decode::{Candidate, Thresholds},
        letterbox::{Picture, Placement},
    },
    tensor::{Shape, Tensor},
};

/// What a frame starts from.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The network's input as it is: `[C, H, W]`.
    Tensor(&'a Tensor),
    /// A picture, resampled on the GPU.
    Picture(&'a Picture, &'a Placement),
}

impl<'a> From<&'a Tensor> for Input<'a> {
    fn from(tensor: &'a Tensor) -> Self {
        Self::Tensor(tensor)
    }
}

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
    pub async fn play(&mut self, input: impl Into<Input<'_>>, keep: &[NodeId]) -> Result<Played> {
        let wanted: Vec<NodeId> = keep.iter().map(|origin| self.find(*origin)).collect::<Result<_>>()?;
        let picture = self.put(input.into())?;
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            self.record_network(&mut pass, picture);
        }
        self.gpu.queue.submit([encoder.finish()]);
        let heads: Vec<NodeId> = self.graph.heads.iter().map(|h| h.input).collect();
        let ids: Vec<NodeId> = heads.iter().chain(&wanted).copied().collect();
        let mut tensors = self.read_values(&ids).await?.into_iter();
        let head_values = tensors.by_ref().take(heads.len()).collect();
        Ok(Played { heads: head_values, nodes: keep.iter().copied().zip(tensors).collect() })
    }

    /// Reads back values that the last frame has left, by node of the graph as loaded.
    ///
    /// # Errors
    /// If a value was not kept, or the device fails.
    pub async fn values(&self, keep: &[NodeId]) -> Result<BTreeMap<NodeId, Tensor>> {
        let ids: Vec<NodeId> = keep.iter().map(|origin| self.find(*origin)).collect::<Result<_>>()?;
        Ok(keep.iter().copied().zip(self.read_values(&ids).await?).collect())
    }

    async fn read_values(&self, ids: &[NodeId]) -> Result<Vec<Tensor>> {
        let views: Vec<View> = ids.iter().flat_map(|id| self.plan.views(*id)).copied().collect();
        let room = usize::try_from(self.gpu.limits.max_buffer_size).unwrap_or(usize::MAX);
        let mut parts = Vec::with_capacity(views.len());
        let mut rest = &views[..];
        // At once what fits into one buffer: everything, unless a network is large and all of it was kept.
        loop {
            let mut total = 0;
            let fits = |view: &&View| {
                total += self.bytes(view.shape);
                total <= room
            };
            let (now, later) = rest.split_at(rest.iter().take_while(fits).count().max(1).min(rest.len()));
            parts.extend(self.read_views(now).await?);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let mut parts = parts.into_iter();
        let tensors = ids.iter().map(|id| {
            let data = parts.by_ref().take(self.plan.views(*id).len()).flat_map(|part| part.data).collect();
            let node = self.graph.node(*id);
            Tensor::new(node.shape, data).ok_or_else(|| Error::graph(&node.name, "came back with another size"))
        });
        tensors.collect()
    }

    async fn read_views(&self, views: &[View]) -> Result<Vec<Tensor>> {
        let total: usize = views.iter().map(|v| self.bytes(v.shape)).sum();
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = self.gpu.buffer("values", total, usage);
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut at = 0;
        for view in views {
            let n = self.bytes(view.shape) as u64;
            let from = (view.block * view.shape.pixels() * 4 * self.precision.bytes()) as u64;
            encoder.copy_buffer_to_buffer(&self.slots[view.slot.0], from, &staging, at, Some(n));
            at += n;
        }
        self.gpu.queue.submit([encoder.finish()]);
        let bytes = self.gpu.read(&staging).await?;
        let mut rest = &bytes[..];
        let mut tensors = Vec::with_capacity(views.len());
        for view in views {
            let (mine, later) = rest.split_at(self.bytes(view.shape));
            rest = later;
            tensors.push(self.unpack(view.shape, mine)?);
        }
        Ok(tensors)
    }

    /// Plays one frame down to boxes: all of them, after NMS, best first (ties by number of the box, then class).
    ///
    /// # Errors
    /// As [`Program::play`]; [`Error::Limit`] if there are more candidates than fit into one binding.
    pub async fn detect(&mut self, input: impl Into<Input<'_>>, thresholds: &Thresholds) -> Result<Vec<Candidate>> {
        let picture = self.put(input.into())?;
        let mut network = true;
        loop {
            self.boxes.set(&self.gpu, thresholds);
            let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.boxes.clear(&mut encoder);
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                if network {
                    self.record_network(&mut pass, picture);
                }
                self.boxes.record(&mut pass);
            }
            self.boxes.fetch(&mut encoder);
            self.gpu.queue.submit([encoder.finish()]);
            match self.boxes.take(&self.gpu).await? {
                Fetched::Boxes(boxes) => return Ok(boxes),
                // The heads are still there: only the boxes are made again.
                Fetched::Overflow(count) => self.boxes.grow(&self.gpu, &mut self.pipelines, count).await?,
            }
            network = false;
        }
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

    /// Brings the input to the GPU; `true` if the letterbox kernel has to run.
    pub(super) fn put(&mut self, input: Input<'_>) -> Result<bool> {
        let [view] = self.plan.views(NodeId(0)) else {
            return Err(Error::graph("input", "has no slot"));
        };
        let slot = &self.slots[view.slot.0];
        match input {
            Input::Picture(picture, placement) => {
                self.source.upload(&self.gpu, picture, placement, view.block, slot)?;
                Ok(true)
            }
            Input::Tensor(tensor) => {
                if tensor.shape != view.shape {
                    return Err(Error::graph("input", format!("expected {}, found {}", view.shape, tensor.shape)));
                }
                self.gpu.queue.write_buffer(slot, 0, &encode(self.precision, &tensor.to_nc4hw4()));
                Ok(false)
            }
        }
    }

    pub(super) fn record_network(&self, pass: &mut wgpu::ComputePass<'_>, picture: bool) {
        if let Some(letterbox) = self.source.ready().filter(|_| picture) {
            letterbox.record(pass);
        }
        self.steps.iter().for_each(|(_, ready)| ready.record(pass));
    }

    fn bytes(&self, shape: Shape) -> usize {
        shape.blocks() * shape.pixels() * 4 * self.precision.bytes()
    }

    fn unpack(&self, shape: Shape, bytes: &[u8]) -> Result<Tensor> {
        Tensor::from_nc4hw4(shape, &decode(self.precision, bytes))
            .ok_or_else(|| Error::Gpu("a read-back was cut short".into()))
    }
}
