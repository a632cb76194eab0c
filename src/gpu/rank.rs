//! Kept boxes to a draw: their order and the draw's arguments, made on the GPU.

use crate::{
    error::Result,
    gpu::{bound::BoundDispatch, context::Gpu, pipelines::Pipelines},
    kernels::rank::{self, MAX_DRAWN, RankParams},
};

/// How boxes are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// At most this many boxes, and never more than [`MAX_DRAWN`].
    pub most: usize,
    /// Instances of the draw per box.
    pub quads: u32,
}

/// Buffers and dispatch for one buffer of kept boxes.
#[derive(Debug)]
pub struct Rank {
    order: wgpu::Buffer,
    args: wgpu::Buffer,
    bound: BoundDispatch,
}

impl Rank {
    /// For the boxes of `kept`, which has room for `capacity` of them.
    ///
    /// # Errors
    /// [`crate::Error::Gpu`] if the device refuses the kernel.
    pub async fn new(
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        kept: &wgpu::Buffer,
        capacity: usize,
        drawn: Drawn,
    ) -> Result<Self> {
        let (storage, copy) = (wgpu::BufferUsages::STORAGE, wgpu::BufferUsages::COPY_DST);
        let params = RankParams { most: drawn.most.min(MAX_DRAWN) as u32, quads: drawn.quads, _pad: [0; 2] };
        let params = gpu.filled("rank", bytemuck::bytes_of(&params), wgpu::BufferUsages::UNIFORM);
        let order = gpu.buffer("order", 4 * (1 + MAX_DRAWN), storage | copy | wgpu::BufferUsages::COPY_SRC);
        let indirect = wgpu::BufferUsages::INDIRECT | wgpu::BufferUsages::COPY_SRC;
        let args = gpu.buffer("args", 16, storage | copy | indirect);
        let dispatch = rank::dispatch(capacity);
        let pipeline = pipelines.get(&dispatch).await?;
        let entries: Vec<_> = [&params, kept, &order, &args]
            .iter()
            .enumerate()
            .map(|(i, b)| wgpu::BindGroupEntry { binding: i as u32, resource: b.as_entire_binding() })
            .collect();
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("rank"),
            layout: &pipelines.bind_group_layout(dispatch.kernel),
            entries: &entries,
        });
        Ok(Self { order, args, bound: BoundDispatch { pipeline, group, workgroups: dispatch.workgroups } })
    }

    /// Clears count and arguments; outside any pass, before [`Rank::record`].
    pub fn clear(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.clear_buffer(&self.order, 0, Some(4));
        encoder.clear_buffer(&self.args, 0, None);
    }

    /// Kept boxes to order and arguments.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.bound.record(pass);
    }

    /// How many are drawn, then their places among the kept boxes, best first.
    pub fn order(&self) -> &wgpu::Buffer {
        &self.order
    }

    /// Arguments of the indirect draw: 6 vertices, [`Drawn::quads`] instances a box.
    pub fn args(&self) -> &wgpu::Buffer {
        &self.args
    }

    /// Reads back the places and the arguments; waits. For tests.
    ///
    /// # Errors
    /// As every read-back.
    pub async fn read(&self, gpu: &Gpu) -> Result<(Vec<usize>, [u32; 4])> {
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(&gpu.read_all(&self.order).await?);
        let count = words.first().map_or(0, |n| *n as usize).min(words.len().saturating_sub(1));
        let args: Vec<u32> = bytemuck::pod_collect_to_vec(&gpu.read_all(&self.args).await?);
        let mut four = [0; 4];
        four.iter_mut().zip(args).for_each(|(to, from)| *to = from);
        Ok((words.iter().skip(1).take(count).map(|i| *i as usize).collect(), four))
    }
}
