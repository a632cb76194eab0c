//! Gradient of what batch-norm reads.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::batch_norm_grad},
    ops::{
        Counts, Cut, Definition, Lowering, NodeParams, Storage,
        train::normal::{Normal, statistics},
        train::whole::whole,
    },
    tensor::{Real, Shape, Tensor},
};

/// The gradient by x, with what it does to mean and variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchNormGrad {
    /// Pictures of the batch.
    pub pictures: usize,
}

impl Definition for BatchNormGrad {
    fn name(&self) -> &'static str {
        "batch_norm_grad"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        5..=5
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let x = statistics(&inputs[..3])?;
        let fits = inputs[3] == x && inputs[4] == Shape::new(x.c, 1, 2);
        if fits { Ok(x) } else { Err(format!("expected a gradient of shape {x} and two sums a channel")) }
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    whole!();

    /// Of x, mean, variance, dy and the sums of [`super::BatchNormSums`], with N numbers a channel:
    /// `gamma / sqrt(variance + eps) * (dy - sum(dy) / N - normal(x) * sum(dy * normal(x)) / N)`.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        numbers: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let (normal, dy, sums) = (Normal::new(inputs, numbers)?, inputs[3], inputs[4]);
        let count = (value.pixels() * self.pictures) as f64;
        Ok(Tensor::by_plane(value, |c, plane| {
            let channel = normal.channel(c);
            let [by_gamma, by_beta] = [0, 1].map(|n| sums.plane(c)[n].wide() / count);
            for ((dx, x), dy) in plane.iter_mut().zip(inputs[0].plane(c)).zip(dy.plane(c)) {
                let rest = dy.wide() - by_beta - channel.of(*x) * by_gamma;
                *dx = T::of(channel.gamma * channel.inverse * rest);
            }
        }))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(batch_norm_grad::dispatch(dst.shape.pixels() * self.pictures, reads, dst))
    }
}
