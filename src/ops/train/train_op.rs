//! The ops of training, and the one place where they are told apart.

use std::ops::RangeInclusive;

use crate::{
    kernels::planes::At,
    ops::{
        Activation, Counts, Cut, Definition, Lowering, NodeParams, Sight, Storage,
        train::{
            AvgPoolGrad, BatchMean, BatchNormApply, BatchNormGrad, BatchNormSums, BatchVariance, ChannelSum, ConvDgrad,
            ConvWgrad, LocalAvgPoolGrad, MaxPoolGrad, PlaneDot, SliceGrad, UpsampleGrad,
            activation_grad::ActivationGrad,
        },
    },
    tensor::{Real, Shape, Tensor},
};

/// What a node of a training graph computes, beside what those of a network do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TrainOp {
    /// Mean of each channel, over the batch.
    BatchMean(BatchMean),
    /// Variance of each channel about that, over the batch.
    BatchVariance(BatchVariance),
    /// Batch-norm by statistics that it reads, x, mean and variance, with gamma and beta of its numbers.
    BatchNormApply,
    /// Gradients of gamma and beta.
    BatchNormSums,
    /// Gradient of what batch-norm reads.
    BatchNormGrad(BatchNormGrad),
    /// Gradient of what a convolution reads.
    ConvDgrad(ConvDgrad),
    /// Gradient of a convolution's weights.
    ConvWgrad(ConvWgrad),
    /// Sum of each channel, over the batch: the gradient of a bias.
    ChannelSum,
    /// Gradient of what an activation reads.
    ActivationGrad(Activation),
    /// Gradient of what a max pool reads.
    MaxPoolGrad(MaxPoolGrad),
    /// Gradient of what a local average pool reads.
    LocalAvgPoolGrad(LocalAvgPoolGrad),
    /// Gradient of what a global average pool reads.
    AvgPoolGrad(AvgPoolGrad),
    /// Gradient of what an upsample reads.
    UpsampleGrad(UpsampleGrad),
    /// Gradient of what a slice reads.
    SliceGrad(SliceGrad),
    /// Sum of the products of each plane: the gradient of a factor.
    PlaneDot,
}

macro_rules! in_room {
    ($op:expr, $room:ident => $call:expr) => {
        match $op {
            TrainOp::BatchMean(room) => in_room!(@ room, $room => $call),
            TrainOp::BatchVariance(room) => in_room!(@ room, $room => $call),
            TrainOp::BatchNormApply => in_room!(@ &BatchNormApply, $room => $call),
            TrainOp::BatchNormSums => in_room!(@ &BatchNormSums, $room => $call),
            TrainOp::BatchNormGrad(room) => in_room!(@ room, $room => $call),
            TrainOp::ConvDgrad(room) => in_room!(@ room, $room => $call),
            TrainOp::ConvWgrad(room) => in_room!(@ room, $room => $call),
            TrainOp::ChannelSum => in_room!(@ &ChannelSum, $room => $call),
            TrainOp::ActivationGrad(kind) => in_room!(@ &ActivationGrad(*kind), $room => $call),
            TrainOp::MaxPoolGrad(room) => in_room!(@ room, $room => $call),
            TrainOp::LocalAvgPoolGrad(room) => in_room!(@ room, $room => $call),
            TrainOp::AvgPoolGrad(room) => in_room!(@ room, $room => $call),
            TrainOp::UpsampleGrad(room) => in_room!(@ room, $room => $call),
            TrainOp::SliceGrad(room) => in_room!(@ room, $room => $call),
            TrainOp::PlaneDot => in_room!(@ &PlaneDot, $room => $call),
        }
    };
    (@ $value:expr, $room:ident => $call:expr) => {{
        let $room = $value;
        $call
    }};
}

impl Definition for TrainOp {
    fn name(&self) -> &'static str {
        in_room!(self, room => room.name())
    }

    fn describe(&self) -> String {
        in_room!(self, room => room.describe())
    }

    fn arity(&self) -> RangeInclusive<usize> {
        in_room!(self, room => room.arity())
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        in_room!(self, room => room.shape(inputs))
    }

    fn summed(&self) -> bool {
        in_room!(self, room => room.summed())
    }

    fn sight(&self) -> Sight {
        in_room!(self, room => room.sight())
    }

    fn counts(&self, inputs: &[Shape], value: Shape) -> Counts {
        in_room!(self, room => room.counts(inputs, value))
    }

    fn storage(&self) -> Storage {
        in_room!(self, room => room.storage())
    }

    fn cut(&self) -> Cut {
        in_room!(self, room => room.cut())
    }

    fn alone(&self) -> &'static str {
        in_room!(self, room => room.alone())
    }

    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        numbers: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        in_room!(self, room => room.play(inputs, numbers, value))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        in_room!(self, room => room.lower(reads, dst))
    }
}
