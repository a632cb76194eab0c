//! The picture as the network takes it.

use std::ops::RangeInclusive;

use crate::{
    kernels::planes::At,
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage},
    tensor::{Real, Shape, Tensor},
};

/// See [`crate::ops::Op::Input`].
pub struct GraphInput;

impl Definition for GraphInput {
    fn name(&self) -> &'static str {
        "input"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        0..=0
    }

    fn shape(&self, _: &[Shape]) -> Result<Shape, String> {
        Err("the input is given, not computed".into())
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    fn storage(&self) -> Storage {
        Storage::Given
    }

    fn cut(&self) -> Cut {
        Cut::Never
    }

    fn alone(&self) -> &'static str {
        ""
    }

    fn play<T: Real>(&self, _: &[&Tensor<T>], _: Option<&NodeParams<T>>, _: Shape) -> Result<Tensor<T>, String> {
        Err("is given, not played".into())
    }

    fn lower(&self, _: &[At], _: At) -> Lowering {
        Lowering::Nothing
    }
}
