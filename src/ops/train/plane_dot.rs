//! Gradient of a factor of whole planes.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::plane_dot},
    ops::{
        Counts, Cut, Definition, Lowering, NodeParams, Storage, train::whole::alike, train::whole::per_channel,
        train::whole::whole,
    },
    tensor::{Real, Shape, Tensor},
};

/// See [`crate::ops::TrainOp::PlaneDot`].
pub struct PlaneDot;

impl Definition for PlaneDot {
    fn name(&self) -> &'static str {
        "plane_dot"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        alike(inputs).map(per_channel)
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    whole!();

    /// `sum(a * b)` of each plane.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let [a, b] = [inputs[0], inputs[1]];
        let dot = |c| T::of(a.plane(c).iter().zip(b.plane(c)).map(|(a, b)| a.wide() * b.wide()).sum());
        Ok(Tensor { shape: value, data: (0..value.c).map(dot).collect() })
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(plane_dot::dispatch(reads, dst))
    }
}
