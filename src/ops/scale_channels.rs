//! Every plane times one number (`[scale_channels]`).

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, scale_channels},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage},
    tensor::{Real, Shape, Tensor},
};

/// See [`crate::ops::Op::ScaleChannels`].
pub struct ScaleChannels;

impl Definition for ScaleChannels {
    fn name(&self) -> &'static str {
        "scale_channels"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let factor = Shape::new(inputs[0].c, 1, 1);
        if inputs[1] == factor { Ok(inputs[0]) } else { Err(format!("expected a factor of shape {factor}")) }
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    fn storage(&self) -> Storage {
        Storage::Own
    }

    fn cut(&self) -> Cut {
        Cut::Channels { or_input: false }
    }

    fn alone(&self) -> &'static str {
        "reads two values, and only shortcuts go into convolutions"
    }

    /// `a[c] * b[c]`, b of shape (C,1,1).
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let mut out = inputs[0].clone();
        for (plane, factor) in out.data.chunks_mut(value.pixels()).zip(&inputs[1].data) {
            plane.iter_mut().for_each(|v| *v = T::of(v.wide() * factor.wide()));
        }
        Ok(out)
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(scale_channels::dispatch(reads[0], reads[1], dst))
    }
}
