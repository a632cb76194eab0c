//! Gradient of an activation.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::activation_grad},
    ops::{
        Activation, Counts, Cut, Definition, Lowering, NodeParams, Storage, activation::slope, train::whole::alike,
        train::whole::whole,
    },
    tensor::{Real, Shape, Tensor},
};

/// The gradient above times the slope at what the activation read; of one with a kink at 0 alone, what it wrote says as much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActivationGrad(pub Activation);

impl Definition for ActivationGrad {
    fn name(&self) -> &'static str {
        "activation_grad"
    }

    fn describe(&self) -> String {
        format!("activation_grad {}", self.0.name())
    }

    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        alike(inputs)
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    whole!();

    /// `dy * kind'(x)` of x and dy.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let pairs = inputs[0].data.iter().zip(&inputs[1].data);
        let data = pairs.map(|(x, dy)| T::of(dy.wide() * slope(self.0, x.wide()))).collect();
        Ok(Tensor { shape: value, data })
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(activation_grad::dispatch(self.0, reads, dst))
    }
}
