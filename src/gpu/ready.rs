//! Calls with nothing left to decide: pipelines, bind groups, and the buffers that belong to them.

use crate::{
    error::Result,
    gpu::{
        buffers::{Packed, encode},
        context::Gpu,
        limits::check_dispatch,
        lower::{Bound, Call, Lowered},
        pipelines::Pipelines,
    },
    kernels::{Dispatch, Precision, ladder::Variant},
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
    /// The rung, if it is a convolution.
    pub variant: Option<Variant>,
}

/// A call whose numbers are on the GPU.
struct Uploaded {
    dispatch: Dispatch,
    bound: Vec<(Bound, Option<wgpu::Buffer>)>,
}

impl Uploads {
    /// Sends the numbers on their way; several threads may at once.
    pub fn new(gpu: &Gpu, precision: Precision, lowered: Lowered) -> Self {
        let Lowered { calls, scratch, variant } = lowered;
        let filled = |label, precision, numbers: Vec<f32>| {
            let usage = wgpu::BufferUsages::STORAGE;
            Some(gpu.filled(label, &encode(precision, &numbers), usage))
        };
        let uploaded = |bound| match bound {
            Bound::Weights(w) => (Bound::Weights(vec![]), filled("weights", precision, w)),
            Bound::Bias(b) => (Bound::Bias(vec![]), filled("bias", Precision::F32, b)),
            other => (other, None),
        };
        let calls = calls.into_iter().map(|Call { dispatch, bound }| {
            let bound = bound.into_iter().map(uploaded).collect();
            Uploaded { dispatch, bound }
        });
        let calls = calls.collect();
        // What is written waits in memory of its own for the next submit: else that would be all weights a second time.
        gpu.queue.submit([]);
        Self { calls, scratch, variant }
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
