//! Gradient of a bias.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::channel_sum},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage, train::whole::per_channel, train::whole::whole},
    tensor::{Real, Shape, Tensor},
};

/// See [`crate::ops::TrainOp::ChannelSum`].
pub struct ChannelSum;

impl Definition for ChannelSum {
    fn name(&self) -> &'static str {
        "channel_sum"
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

    /// The sum of each plane.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let n = inputs[0].shape.pixels();
        let sum = |plane: &[T]| T::of(plane.iter().map(|v| v.wide()).sum());
        Ok(Tensor { shape: value, data: inputs[0].data.chunks(n).map(sum).collect() })
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(channel_sum::dispatch(1.0, reads[0], dst))
    }
}
