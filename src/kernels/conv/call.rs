//! A dispatch of a convolution, and what each of its bindings is.

use crate::kernels::{Dispatch, conv::PartAt};

/// Where a convolution's input, residual and output lie in their buffers.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The input, in up to [`crate::kernels::conv::MAX_PARTS`] parts.
    pub parts: &'a [PartAt],
    /// First block of what is added before the last activation, if that is anything.
    pub residual: Option<usize>,
    /// First block of the output.
    pub dst: usize,
}

impl Places<'_> {
    /// First block of the residual, or of nothing.
    pub(super) fn residual_block(&self) -> usize {
        self.residual.unwrap_or(0)
    }

    /// The binding of the residual; `other` stands in for one that is not there.
    pub(super) fn residual_or(&self, other: End) -> End {
        if self.residual.is_some() { End::Residual } else { other }
    }

    /// Group 0 of a call that reads the input; part 0 stands in for what is not there.
    pub(super) fn bound(&self, weights: End, residual: End, dst: End) -> [End; 9] {
        let part = |i: usize| End::Part(if i < self.parts.len() { i } else { 0 });
        [End::Params, part(0), part(1), part(2), part(3), weights, End::Bias, residual, dst]
    }
}

/// What one binding of a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The call's own uniform buffer.
    Params,
    /// A part of the input.
    Part(usize),
    /// The weights, packed.
    Weights,
    /// The bias, always f32.
    Bias,
    /// What is added before the last activation.
    Residual,
    /// A value between the calls, by number.
    Scratch(usize),
    /// The output.
    Dst,
}

impl End {
    /// Group 0 of a call that reads this, a value between the calls. What a kernel declares and does not read is bound to what
    /// it reads anyway.
    pub(super) const fn feeds(self, weights: Self, residual: Self, dst: Self) -> [Self; 9] {
        [Self::Params, self, self, self, self, weights, Self::Bias, residual, dst]
    }
}

/// One dispatch of a convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct ConvCall {
    /// Kernel, constants, parameters, workgroups.
    pub dispatch: Dispatch,
    /// Group 0.
    pub bound: [End; 9],
}
