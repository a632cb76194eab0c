//! Calls with nothing left to decide: pipelines, bind groups, and the buffers that belong to them.

use crate::{
    error::Result,
    gpu::{
        buffers::Packed,
        call::{Bound, Call, Lowered},
        context::Gpu,
        limits::check_dispatch,
        pipelines::Pipelines,
        weights::WeightBuffers,
    },
    kernels::Precision,
};

/// A dispatch that can be recorded.
#[derive(Debug)]
pub struct BoundDispatch {
    pub pipeline: wgpu::ComputePipeline,
    pub group: wgpu::BindGroup,
    pub workgroups: [u32; 3],
}

impl BoundDispatch {
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
pub struct DispatchBuilder<T> {
    precision: Precision,
    uniforms: Packed,
    calls: Vec<(T, PendingCall)>,
    scratch: [usize; 2],
}

impl<T> DispatchBuilder<T> {
    /// None yet.
    pub fn new(gpu: &Gpu, precision: Precision) -> Self {
        let uniforms = Packed::new(gpu.limits.min_uniform_buffer_offset_alignment);
        Self { precision, uniforms, calls: vec![], scratch: [0; 2] }
    }

    /// The calls of one step, each with a `tag`. The node's name is for errors, its label for captures.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] if a call has too many workgroups; [`crate::Error::Gpu`] if a kernel is refused.
    pub async fn push(
        &mut self,
        gpu: &Gpu,
        pipelines: &mut Pipelines,
        (name, label): (&str, String),
        tag: impl Fn() -> T,
        lowered: Lowered,
        weights: Option<WeightBuffers>,
    ) -> Result<()> {
        let [a, b] = lowered.scratch;
        self.scratch = [self.scratch[0].max(a), self.scratch[1].max(b)];
        for call in lowered.calls {
            check_dispatch(name, &call.dispatch, &gpu.limits)?;
            let offset = self.uniforms.push(&call.dispatch.params);
            let pipeline = pipelines.get(&call.dispatch).await?;
            self.calls
                .push((tag(), PendingCall { label: label.clone(), call, offset, pipeline, weights: weights.clone() }));
        }
        Ok(())
    }

    /// The kernel of each call.
    pub fn kernels(&self) -> Vec<&'static str> {
        self.calls.iter().map(|(_, pending)| pending.call.dispatch.kernel.name).collect()
    }

    /// Bytes of the scratch buffers.
    pub fn scratch_bytes(&self) -> usize {
        self.scratch.iter().map(|vectors| vectors * 4 * self.precision.bytes()).sum()
    }

    /// Binds everything.
    pub fn finish(self, gpu: &Gpu, pipelines: &mut Pipelines, slots: &[wgpu::Buffer]) -> Vec<(T, BoundDispatch)> {
        let bytes = self.precision.bytes();
        let scratch = self.scratch.map(|vectors| gpu.buffer("scratch", vectors * 4 * bytes, SLOT_USAGE));
        let uniforms = gpu.filled("params", self.uniforms.bytes(), wgpu::BufferUsages::UNIFORM);
        let bound = self.calls.into_iter().map(|(tag, pending)| {
            let dispatch = &pending.call.dispatch;
            let layout = pipelines.bind_group_layout(dispatch.kernel);
            let group = pending.bind(gpu, &layout, &uniforms, slots, &scratch);
            (tag, BoundDispatch { workgroups: dispatch.workgroups, pipeline: pending.pipeline, group })
        });
        bound.collect()
    }
}

/// A call that lacks a bind group only.
struct PendingCall {
    /// Of its node.
    label: String,
    call: Call,
    /// Where its parameters lie among the uniforms.
    offset: u64,
    pipeline: wgpu::ComputePipeline,
    weights: Option<WeightBuffers>,
}

impl PendingCall {
    fn bind(
        &self,
        gpu: &Gpu,
        layout: &wgpu::BindGroupLayout,
        uniforms: &wgpu::Buffer,
        slots: &[wgpu::Buffer],
        scratch: &[wgpu::Buffer],
    ) -> wgpu::BindGroup {
        let Call { dispatch, bound } = &self.call;
        let size = std::num::NonZeroU64::new(dispatch.params.len() as u64);
        let parameters = wgpu::BufferBinding { buffer: uniforms, offset: self.offset, size };
        let mut entries = Vec::new();
        for (binding, bound) in (0..).zip(bound) {
            let resource = match (bound, &self.weights) {
                (Bound::Slot(slot), _) => slots[slot.0].as_entire_binding(),
                (Bound::Scratch(number), _) => scratch[*number].as_entire_binding(),
                #[cfg(feature = "train")]
                (Bound::Memory(stretch), _) => stretch.binding(),
                (Bound::Weights, Some(weights)) => weights.weights.as_entire_binding(),
                (Bound::Bias, Some(weights)) => weights.bias.as_entire_binding(),
                // Only convolutions have weights, and theirs were weights.
                (Bound::Params | Bound::Weights | Bound::Bias, _) => wgpu::BindingResource::Buffer(parameters.clone()),
            };
            entries.push(wgpu::BindGroupEntry { binding, resource });
        }
        gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(&format!("{}/{}", self.label, dispatch.kernel.name)),
            layout,
            entries: &entries,
        })
    }
}
