//! Gradient of what a global average pool reads.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::avg_pool_grad},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage, train::whole::per_channel, train::whole::whole},
    tensor::{Real, Shape, Tensor},
};

/// Every gradient shared out to its plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvgPoolGrad {
    /// What the pool reads.
    pub input: Shape,
}

impl Definition for AvgPoolGrad {
    fn name(&self) -> &'static str {
        "avg_pool_grad"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let value = per_channel(self.input);
        if inputs[0] == value { Ok(self.input) } else { Err(format!("expected a gradient of shape {value}")) }
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
        let n = value.pixels();
        Ok(Tensor::by_plane(value, |c, plane| plane.fill(T::of(inputs[0].data[c].wide() / n as f64))))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(avg_pool_grad::dispatch(reads[0], dst))
    }
}
