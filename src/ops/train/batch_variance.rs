//! Variance of each channel over a batch.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::batch_variance},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage, train::whole::per_channel, train::whole::whole},
    tensor::{Real, Shape, Tensor},
};

/// The mean square of the distance from the batch's mean (biased: N, as in cuDNN, and not N - 1), over all pixels of so many pictures; of
/// one picture it is that picture's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchVariance {
    /// Pictures of the batch.
    pub pictures: usize,
}

impl Definition for BatchVariance {
    fn name(&self) -> &'static str {
        "batch_variance"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let mean = per_channel(inputs[0]);
        if inputs[1] == mean { Ok(mean) } else { Err(format!("expected a mean of shape {mean}")) }
    }

    fn summed(&self) -> bool {
        true
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    whole!();

    /// Of x and its mean.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let (x, mean) = (inputs[0], inputs[1]);
        let count = (x.shape.pixels() * self.pictures) as f64;
        let share = |c: usize| {
            let distances = x.plane(c).iter().map(|v| v.wide() - mean.data[c].wide());
            T::of(distances.map(|d| d * d).sum::<f64>() / count)
        };
        Ok(Tensor { shape: value, data: (0..value.c).map(share).collect() })
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(batch_variance::dispatch(1.0 / (reads[0].shape.pixels() * self.pictures) as f64, reads, dst))
    }
}
