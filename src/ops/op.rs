//! The ops, and the one place where they are told apart.

use std::ops::RangeInclusive;

#[cfg(feature = "train")]
use crate::ops::TrainOp;
use crate::{
    kernels::planes::At,
    ops::{
        Activation, Conv, Counts, Cut, Definition, LocalAvgPool, Lowering, NodeParams, Pool, Sight, Slice, Spp,
        Storage, Upsample, avg_pool, batch_norm, concat, input, sam, scale_channels, shortcut,
    },
    tensor::{Real, Shape, Tensor},
};

/// What a node computes from its inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The picture: `[C, H, W]`, RGB / 255.
    Input,
    /// Convolution of input 0; input 1, if any, is the residual of its [`crate::ops::Epilogue`].
    Conv(Conv),
    /// `gamma * (x - mean) / sqrt(var + eps) + beta`, per channel. Gone after folding.
    BatchNorm,
    /// Elementwise.
    Activation(Activation),
    /// `[shortcut]`: input 0 plus the others; channels that an addend lacks are left alone, those it has more are ignored.
    Add,
    /// `[sam]`: elementwise product of two values of one shape.
    Mul,
    /// `[scale_channels]`: input 0 (C,H,W) times input 1 (C,1,1).
    ScaleChannels,
    /// `[route]` with several layers: inputs one above the other in channels.
    Concat,
    /// `[route]` with groups: some channels of input 0.
    Slice(Slice),
    /// Max pool.
    MaxPool(Pool),
    /// Three stride-1 max pools and their input, in concat order; made by the fuse pass.
    Spp(Spp),
    /// `[local_avgpool]`: the mean of a window.
    LocalAvgPool(LocalAvgPool),
    /// `[avgpool]`: the mean of each whole plane, (C,1,1).
    AvgPool,
    /// `[upsample]`: nearest.
    Upsample(Upsample),
    /// Of training alone.
    #[cfg(feature = "train")]
    Train(TrainOp),
}

/// The one place where ops are told apart: `$room` is the op's room in `$call`. A `match` and no table of functions, so that
/// what a browser never asks an op is not loaded.
macro_rules! in_room {
    ($op:expr, $room:ident => $call:expr) => {
        match $op {
            Op::Input => in_room!(@ &input::GraphInput, $room => $call),
            Op::Conv(room) => in_room!(@ room, $room => $call),
            Op::BatchNorm => in_room!(@ &batch_norm::BatchNorm, $room => $call),
            Op::Activation(room) => in_room!(@ room, $room => $call),
            Op::Add => in_room!(@ &shortcut::Shortcut, $room => $call),
            Op::Mul => in_room!(@ &sam::Sam, $room => $call),
            Op::ScaleChannels => in_room!(@ &scale_channels::ScaleChannels, $room => $call),
            Op::Concat => in_room!(@ &concat::Concat, $room => $call),
            Op::Slice(room) => in_room!(@ room, $room => $call),
            Op::MaxPool(room) => in_room!(@ room, $room => $call),
            Op::Spp(room) => in_room!(@ room, $room => $call),
            Op::LocalAvgPool(room) => in_room!(@ room, $room => $call),
            Op::AvgPool => in_room!(@ &avg_pool::AvgPool, $room => $call),
            Op::Upsample(room) => in_room!(@ room, $room => $call),
            #[cfg(feature = "train")]
            Op::Train(room) => in_room!(@ room, $room => $call),
        }
    };
    (@ $value:expr, $room:ident => $call:expr) => {{
        let $room = $value;
        $call
    }};
}

/// What its room says of an op; see [`Definition`].
impl Op {
    /// [`Definition::name`]
    pub fn name(&self) -> &'static str {
        in_room!(self, room => room.name())
    }

    /// [`Definition::describe`]
    pub fn describe(&self) -> String {
        in_room!(self, room => room.describe())
    }

    /// [`Definition::arity`]
    pub fn arity(&self) -> RangeInclusive<usize> {
        in_room!(self, room => room.arity())
    }

    /// [`Definition::shape`]
    ///
    /// # Errors
    /// If the inputs do not fit.
    pub fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        in_room!(self, room => room.shape(inputs))
    }

    /// [`Definition::summed`]
    pub fn summed(&self) -> bool {
        in_room!(self, room => room.summed())
    }

    /// [`Definition::sight`]
    pub fn sight(&self) -> Sight {
        in_room!(self, room => room.sight())
    }

    /// [`Definition::counts`]
    pub fn counts(&self, inputs: &[Shape], value: Shape) -> Counts {
        in_room!(self, room => room.counts(inputs, value))
    }

    /// [`Definition::storage`]
    pub fn storage(&self) -> Storage {
        in_room!(self, room => room.storage())
    }

    /// [`Definition::cut`]
    pub fn cut(&self) -> Cut {
        in_room!(self, room => room.cut())
    }

    /// [`Definition::gathers`]
    pub fn gathers(&self) -> bool {
        in_room!(self, room => room.gathers())
    }

    /// [`Definition::alone`]
    pub fn alone(&self) -> &'static str {
        in_room!(self, room => room.alone())
    }

    /// [`Definition::play`]
    ///
    /// # Errors
    /// If its numbers are not there, or too few.
    pub fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        numbers: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        in_room!(self, room => room.play(inputs, numbers, value))
    }

    /// [`Definition::lower`]
    pub fn lower(&self, reads: &[At], dst: At) -> Lowering {
        in_room!(self, room => room.lower(reads, dst))
    }

    /// The convolution, if it is one: the one op whose kernels are a ladder.
    pub const fn conv(&self) -> Option<&Conv> {
        if let Self::Conv(conv) = self { Some(conv) } else { None }
    }
}
