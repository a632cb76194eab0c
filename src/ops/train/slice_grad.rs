//! Gradient of what a slice reads.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::slice_grad},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage, train::whole::whole},
    tensor::{Real, Shape, Tensor},
};

/// The gradient at its place, zeros above and below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceGrad {
    /// First channel of the slice.
    pub start: usize,
    /// Channels of what it was cut from.
    pub channels: usize,
}

impl Definition for SliceGrad {
    fn name(&self) -> &'static str {
        "slice_grad"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let x = inputs[0];
        let fits = self.start.checked_add(x.c).is_some_and(|end| end <= self.channels);
        if fits {
            Ok(Shape { c: self.channels, ..x })
        } else {
            Err(format!("does not fit into {} channels", self.channels))
        }
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    whole!();

    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let mut out = Tensor::zeros(value);
        let n = value.pixels();
        out.data[self.start * n..][..inputs[0].data.len()].copy_from_slice(&inputs[0].data);
        Ok(out)
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(slice_grad::dispatch(self.start, reads[0], dst))
    }
}
