//! What the gradients of every op are: which op computes them, and from what. One table, in which nothing is left out.

use crate::{
    ops::{
        Activation, Definition, Epilogue, Op, Slice,
        train::{
            AvgPoolGrad, BatchNormGrad, ConvDgrad, ConvWgrad, LocalAvgPoolGrad, MaxPoolGrad, SliceGrad, TrainOp,
            UpsampleGrad,
        },
    },
    tensor::Shape,
};

/// What a gradient is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GradientSource {
    /// What the node reads.
    Input(usize),
    /// The node's own value.
    Value,
    /// The gradient of its value.
    Above,
    /// The first gradient of its numbers.
    Numbers,
}
use GradientSource::{Above, Input, Numbers, Value};

/// How a gradient comes about.
#[derive(Clone, Debug, PartialEq)]
pub enum Gradient {
    /// There is none.
    Nothing,
    /// That of the node's value, as it is.
    Same,
    /// An op computes it; where it needs numbers, it has those of the node.
    By(Op, Vec<GradientSource>),
}

/// The gradient of what a node reads as `input`, of the shapes that it reads, in a batch of so many pictures.
///
/// # Errors
/// For what no training graph has, in words.
pub fn of_input(op: &Op, input: usize, reads: &[Shape], pictures: usize) -> Result<Gradient, String> {
    let train = |op, sources: &[GradientSource]| Gradient::By(Op::Train(op), sources.to_vec());
    let x = reads[input];
    Ok(match op {
        Op::Input => Gradient::Nothing,
        Op::Conv(conv) if conv.epilogue == Epilogue::NONE => {
            train(TrainOp::ConvDgrad(ConvDgrad { conv: *conv, input: x }), &[Above])
        }
        Op::Conv(_) => return Err("has others fused into it: a network is trained as it is loaded".into()),
        Op::BatchNorm => return Err("keeps its running statistics, and something in front of it is trained: train it too, or nothing in front of it".into()),
        // Its value says on which side of the kink it was, and is there anyway for whoever reads it.
        Op::Activation(kind @ (Activation::Leaky(0.0..) | Activation::Relu)) => {
            train(TrainOp::ActivationGrad(*kind), &[Value, Above])
        }
        Op::Activation(kind) => train(TrainOp::ActivationGrad(*kind), &[Input(0), Above]),
        // Channels that an addend lacks are left alone, those that it has more are not looked at.
        Op::Add if x.c > reads[0].c => train(TrainOp::SliceGrad(SliceGrad { start: 0, channels: x.c }), &[Above]),
        Op::Add if x.c < reads[0].c => Gradient::By(Op::Slice(Slice { start: 0, channels: x.c }), vec![Above]),
        Op::Add => Gradient::Same,
        Op::Mul => Gradient::By(Op::Mul, vec![Above, Input(1 - input)]),
        Op::ScaleChannels if input == 0 => Gradient::By(Op::ScaleChannels, vec![Above, Input(1)]),
        Op::ScaleChannels => train(TrainOp::PlaneDot, &[Above, Input(0)]),
        Op::Concat => {
            let start = reads[..input].iter().map(|shape| shape.c).sum();
            Gradient::By(Op::Slice(Slice { start, channels: x.c }), vec![Above])
        }
        Op::Slice(slice) => train(TrainOp::SliceGrad(SliceGrad { start: slice.start, channels: x.c }), &[Above]),
        Op::MaxPool(pool) => train(TrainOp::MaxPoolGrad(MaxPoolGrad(*pool)), &[Input(0), Above]),
        Op::Spp(_) => return Err("is made by a pass: a network is trained as it is loaded".into()),
        Op::LocalAvgPool(pool) => {
            train(TrainOp::LocalAvgPoolGrad(LocalAvgPoolGrad { pool: *pool, input: x }), &[Above])
        }
        Op::AvgPool => train(TrainOp::AvgPoolGrad(AvgPoolGrad { input: x }), &[Above]),
        Op::Upsample(upsample) => train(TrainOp::UpsampleGrad(UpsampleGrad(*upsample)), &[Above]),
        // What it reads of the batch depends on x too, and the gradient of x knows that.
        Op::Train(TrainOp::BatchNormApply) if input == 0 => {
            let sources = [Input(0), Input(1), Input(2), Above, Numbers];
            train(TrainOp::BatchNormGrad(BatchNormGrad { pictures }), &sources)
        }
        Op::Train(TrainOp::BatchNormApply | TrainOp::BatchMean(_) | TrainOp::BatchVariance(_)) => Gradient::Nothing,
        Op::Train(other) => return Err(format!("{} is of a gradient, and has none itself", other.name())),
    })
}

/// The gradients of a node's numbers: their name, and how each comes about; in the order weights, bias.
pub fn of_numbers(op: &Op) -> Vec<(&'static str, Op, Vec<GradientSource>)> {
    match op {
        Op::Conv(conv) => {
            let weights = ("weights", Op::Train(TrainOp::ConvWgrad(ConvWgrad(*conv))), vec![Input(0), Above]);
            let bias = ("bias", Op::Train(TrainOp::ChannelSum), vec![Above]);
            if conv.bias { vec![weights, bias] } else { vec![weights] }
        }
        Op::Train(TrainOp::BatchNormApply) => {
            vec![("gamma, beta", Op::Train(TrainOp::BatchNormSums), vec![Input(0), Input(1), Input(2), Above])]
        }
        Op::Input
        | Op::BatchNorm
        | Op::Activation(_)
        | Op::Add
        | Op::Mul
        | Op::ScaleChannels
        | Op::Concat
        | Op::Slice(_)
        | Op::MaxPool(_)
        | Op::Spp(_)
        | Op::LocalAvgPool(_)
        | Op::AvgPool
        | Op::Upsample(_)
        | Op::Train(_) => vec![],
    }
}
