//! Mean of each channel over a batch.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::channel_sum},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage, train::whole::per_channel, train::whole::whole},
    tensor::{Real, Shape, Tensor},
};

/// The mean over all pixels of so many pictures; of one picture it is that picture's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchMean {
    /// Pictures of the batch.
    pub pictures: usize,
}

impl Definition for BatchMean {
    fn name(&self) -> &'static str {
        "batch_mean"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(per_channel(inputs[0]))
    }

    fn summed(&self) -> bool {
        true
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
        let n = inputs[0].shape.pixels();
        let count = (n * self.pictures) as f64;
        let share = |plane: &[T]| T::of(plane.iter().map(|v| v.wide()).sum::<f64>() / count);
        Ok(Tensor { shape: value, data: inputs[0].data.chunks(n).map(share).collect() })
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(channel_sum::dispatch(1.0 / (reads[0].shape.pixels() * self.pictures) as f64, reads[0], dst))
    }
}
