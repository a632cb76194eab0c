//! Batch-norm in training.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::batch_norm_apply},
    ops::{
        Counts, Cut, Definition, Lowering, NodeParams, Storage,
        train::normal::{Normal, statistics},
        train::whole::whole,
    },
    tensor::{Real, Shape, Tensor},
};

/// See [`crate::ops::TrainOp::BatchNormApply`].
pub struct BatchNormApply;

impl Definition for BatchNormApply {
    fn name(&self) -> &'static str {
        "batch_norm_apply"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        3..=3
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        statistics(inputs)
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    whole!();

    /// `gamma * (x - mean) / sqrt(variance + eps) + beta` of x, mean and variance.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        numbers: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let normal = Normal::new(inputs, numbers)?;
        Ok(Tensor::by_plane(value, |c, plane| {
            let channel = normal.channel(c);
            for (y, x) in plane.iter_mut().zip(inputs[0].plane(c)) {
                *y = T::of(channel.gamma * channel.of(*x) + channel.beta);
            }
        }))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(batch_norm_apply::dispatch(reads, dst))
    }
}
