//! Values one above the other in channels (`[route]` with several layers).

use std::ops::RangeInclusive;

use crate::{
    kernels::planes::At,
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage},
    tensor::{Real, Shape, Tensor},
};

/// See [`crate::ops::Op::Concat`].
pub struct Concat;

impl Definition for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=usize::MAX
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let x = inputs[0];
        match inputs.iter().find(|s| (s.h, s.w) != (x.h, x.w)) {
            Some(other) => Err(format!("cannot join {other} to {x}")),
            None => Ok(Shape::new(inputs.iter().map(|s| s.c).sum(), x.h, x.w)),
        }
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    fn storage(&self) -> Storage {
        Storage::Joined
    }

    fn cut(&self) -> Cut {
        Cut::Members
    }

    fn alone(&self) -> &'static str {
        ""
    }

    /// All inputs, in order.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let parts: Vec<&[T]> = inputs.iter().map(|t| t.data.as_slice()).collect();
        Ok(Tensor { shape: value, data: parts.concat() })
    }

    /// What has to be copied is copied by the plan's own steps.
    fn lower(&self, _: &[At], _: At) -> Lowering {
        Lowering::Nothing
    }
}
