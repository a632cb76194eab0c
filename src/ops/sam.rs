//! Elementwise product of two values of one shape (`[sam]`).

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, sam},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage},
    tensor::{Real, Shape, Tensor},
};

/// See [`crate::ops::Op::Mul`].
pub struct Sam;

impl Definition for Sam {
    fn name(&self) -> &'static str {
        "sam"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        if inputs[1] == inputs[0] { Ok(inputs[0]) } else { Err("both values must have one shape".into()) }
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

    /// `a * b`
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let data = inputs[0].data.iter().zip(&inputs[1].data).map(|(a, b)| T::of(a.wide() * b.wide())).collect();
        Ok(Tensor { shape: value, data })
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(sam::dispatch(reads[0], reads[1], dst))
    }
}
