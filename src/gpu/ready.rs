//! Calls with nothing left to decide: pipelines, bind groups, and the buffers that belong to them.

use crate::{
    error::Result,
    gpu::{
        buffers::{Packed, encode},
        context::Gpu,
        convolve::Numbers,
        limits::check_dispatch,
        lower::{Bound, Call, Lowered},
        pipelines::Pipelines,
    },
    kernels::{Dispatch, Precision},
};

/// A dispatch that can be recorded.
#[derive(Debug)]
pub struct Ready {
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

pub const SLOT_USAGE: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_DST).union(wgpu::BufferUsages::COPY_SRC);

/// Calls that wait for the sizes of the scratch buffers; their numbers are on their way to the GPU already.
pub struct Preparing<T> {
    precision: Precision,
    uniforms: Packed,
    calls: Vec<(T, u64, wgpu::ComputePipeline, Uploaded)>,
    scratch: [usize; 2],
}

impl<T> Preparing<T> {
    /// None yet.
    pub fn new(gpu: &Gpu, precision: Precision) -> Self {
        let uniforms = Packed::new(gpu.limits.min_uniform_buffer_offset_alignment);
        Self { precision, uniforms, calls: vec![], scratch: [0; 2] }
    }

    /// The calls of one step, each with a `tag`. `name` is for errors.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] if a call has too many workgroups; [`crate::Error::Gpu`] if a kernel is refused.
    pub async fn push(
        &mut self,
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        name: &str,
        tag: impl Fn() -> T,
        uploads: Uploads,
    ) -> Result<()> {
        let [a, b] = uploads.scratch;
        self.scratch = [self.scratch[0].max(a), self.scratch[1].max(b)];
        for call in uploads.calls {
            check_dispatch(name, &call.dispatch, &gpu.limits)?;
            let offset = self.uniforms.push(&call.dispatch.params);
            let pipeline = pipelines.get(&call.dispatch).await?;
            self.calls.push((tag(), offset, pipeline, call));
        }
        Ok(())
    }

    /// The kernel of each call.
    pub fn kernels(&self) -> Vec<&'static str> {
        self.calls.iter().map(|(_, _, _, call)| call.dispatch.kernel.name).collect()
    }

    /// Bytes of the scratch buffers.
    pub fn scratch_bytes(&self) -> usize {
        self.scratch.iter().map(|vectors| vectors * 4 * self.precision.bytes()).sum()
    }

    /// Binds everything.
    pub fn finish(self, gpu: &Gpu, pipelines: &mut Pipelines, slots: &[wgpu::Buffer]) -> Vec<(T, Ready)> {
        let bytes = self.precision.bytes();
        let scratch = self.scratch.map(|vectors| gpu.buffer("scratch", vectors * 4 * bytes, SLOT_USAGE));
        let uniforms = gpu.filled("params", self.uniforms.bytes(), wgpu::BufferUsages::UNIFORM);
        let ready = self.calls.into_iter().map(|(tag, offset, pipeline, call)| {
            let layout = pipelines.bind_group_layout(call.dispatch.kernel);
            let group = call.bind(gpu, &layout, (&uniforms, offset), slots, &scratch);
            (tag, Ready { pipeline, group, workgroups: call.dispatch.workgroups })
        });
        ready.collect()
    }
}

/// The calls of one step, with their numbers on the GPU.
pub struct Uploads {
    calls: Vec<Uploaded>,
    scratch: [usize; 2],
}

/// A call whose numbers are on the GPU.
struct Uploaded {
    dispatch: Dispatch,
    bound: Vec<(Bound, Option<wgpu::Buffer>)>,
}

/// Bytes that are sent with one submit. Until then they wait in memory of their own.
const SENT: usize = 32 << 20;

impl Uploads {
    /// Sends the numbers on their way; several threads may at once.
    pub fn new(gpu: &Gpu, precision: Precision, lowered: Lowered, numbers: Option<Numbers<'_>>) -> Self {
        let buffers = numbers.map(|Numbers { elements, weights, bias }| {
            let usage = wgpu::BufferUsages::STORAGE;
            let bias = gpu.filled("bias", &encode(Precision::F32, &bias), usage);
            let bytes = precision.bytes();
            let buffer = gpu.buffer("weights", elements * bytes, usage | wgpu::BufferUsages::COPY_DST);
            let mut waiting = 0;
            weights(&mut |first, piece| {
                gpu.write(&buffer, first * bytes, &encode(precision, piece));
                waiting += piece.len() * bytes;
                if waiting > SENT {
                    gpu.queue.submit([]);
                    waiting = 0;
                }
            });
            gpu.queue.submit([]);
            (buffer, bias)
        });
        let own = |bound: Bound| {
            let buffer = match (&bound, &buffers) {
                (Bound::Weights, Some((weights, _))) => Some(weights.clone()),
                (Bound::Bias, Some((_, bias))) => Some(bias.clone()),
                _ => None,
            };
            (bound, buffer)
        };
        let uploaded = |Call { dispatch, bound }| Uploaded { dispatch, bound: bound.into_iter().map(own).collect() };
        Self { calls: lowered.calls.into_iter().map(uploaded).collect(), scratch: lowered.scratch }
    }
}

impl Uploaded {
    fn bind(
        &self,
        gpu: &Gpu,
        layout: &wgpu::BindGroupLayout,
        (uniforms, offset): (&wgpu::Buffer, u64),
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
