//! What plays one step: dispatches, and what each of their bindings is.

use crate::{
    graph::plan::{SlotId, TensorView},
    kernels::{Dispatch, conv::Variant},
};

/// What one binding of a call is.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// The call's own uniform buffer.
    Params,
    /// A slot of the plan.
    Slot(SlotId),
    /// A value between the calls of one step, by number; every step has the same buffers for them.
    Scratch(usize),
    /// The step's weights, which never change.
    Weights,
    /// Its bias, always f32.
    Bias,
    /// A stretch of a buffer that outlives the step.
    #[cfg(feature = "train")]
    Memory(Stretch),
}

/// A stretch of a buffer.
#[cfg(feature = "train")]
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    pub buffer: wgpu::Buffer,
    /// Its first byte; a multiple of what a binding may start at.
    pub offset: u64,
    /// Its bytes.
    pub size: u64,
}

#[cfg(feature = "train")]
impl Stretch {
    /// All of a buffer.
    pub fn whole(buffer: wgpu::Buffer) -> Self {
        let size = buffer.size();
        Self { buffer, offset: 0, size }
    }

    /// As a bind group has it.
    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        let size = std::num::NonZeroU64::new(self.size);
        wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer: &self.buffer, offset: self.offset, size })
    }
}

/// One dispatch and its bindings, in order of binding number.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Kernel, constants, parameters, workgroups.
    pub dispatch: Dispatch,
    /// Group 0.
    pub bound: Vec<Bound>,
}

/// What plays one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// In order.
    pub calls: Vec<Call>,
    /// Vectors of each [`Bound::Scratch`] that they use.
    pub scratch: [usize; 2],
    /// The rung, if it is a convolution.
    pub variant: Option<Variant>,
}

impl From<Call> for Lowered {
    fn from(call: Call) -> Self {
        Self { calls: vec![call], scratch: [0; 2], variant: None }
    }
}

/// The slot that a view looks into.
pub(super) fn slot(view: &TensorView) -> Bound {
    Bound::Slot(view.slot)
}
