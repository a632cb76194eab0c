//! The ops of a network, a room each: `NAME.rs` says everything that is the op's. What it reads and what shape follows, what it
//! costs, how it is stored and may be cut, what it computes by definition (the oracle of its kernels), and which kernel plays it.
//!
//! [`Op`] lists them; only passes that are about ops by name ([`crate::graph::fold`], [`crate::graph::fuse`]) tell them apart
//! elsewhere. CONTRIBUTING tells how to add one.

// What is new is decided wherever something is decided by kind: no arm guesses for it.
#![warn(clippy::wildcard_enum_match_arm)]

use std::ops::RangeInclusive;

use crate::{
    kernels::{Dispatch, planes::At},
    tensor::{Shape, Tensor},
};

pub mod activation;
pub mod avg_pool;
pub mod batch_norm;
pub mod concat;
pub mod conv;
pub mod input;
pub mod max_pool;
pub mod sam;
pub mod scale_channels;
pub mod shortcut;
pub mod slice;
pub mod spp;
pub mod upsample;

pub use crate::kernels::activation::ActivationKind as Activation;
pub use conv::{Conv, Epilogue};
pub use max_pool::Pool;
pub use slice::Slice;
pub use spp::Spp;
pub use upsample::Upsample;

/// What a node computes from its inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The picture: `[C, H, W]`, RGB / 255.
    Input,
    /// Convolution of input 0; input 1, if any, is the residual of its [`Epilogue`].
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
    /// `[avgpool]`: the mean of each whole plane, (C,1,1).
    AvgPool,
    /// `[upsample]`: nearest.
    Upsample(Upsample),
}

/// The one place where ops are told apart: `$room` is the op's room in `$call`. A `match` and no table of functions, so that
/// what a browser never asks an op is not loaded.
macro_rules! in_room {
    ($op:expr, $room:ident => $call:expr) => {
        match $op {
            Op::Input => in_room!(@ &input::Input, $room => $call),
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
            Op::AvgPool => in_room!(@ &avg_pool::AvgPool, $room => $call),
            Op::Upsample(room) => in_room!(@ room, $room => $call),
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
    pub fn play(&self, inputs: &[&Tensor], numbers: Option<&NodeParams>, value: Shape) -> Result<Tensor, String> {
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

/// What a room says of its op. Messages of errors are without the node's name, which the caller knows.
pub trait Definition {
    /// As `explain` and reports call it; the name of its file.
    fn name(&self) -> &'static str;

    /// The name with what matters of the attributes: `conv 3x3/2 mish + shortcut`.
    fn describe(&self) -> String {
        self.name().to_owned()
    }

    /// How many values it reads.
    fn arity(&self) -> RangeInclusive<usize>;

    /// Shape of what it computes from values of these shapes, as many as [`Definition::arity`] allows.
    ///
    /// # Errors
    /// If they do not fit.
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String>;

    /// What it costs.
    fn counts(&self, inputs: &[Shape], value: Shape) -> Counts;

    /// Where its value comes to lie.
    fn storage(&self) -> Storage;

    /// How it may be cut where its value is too large for one binding.
    fn cut(&self) -> Cut;

    /// Whether its kernels read input 0 from up to [`crate::kernels::conv::MAX_PARTS`] bindings side by side.
    fn gathers(&self) -> bool {
        false
    }

    /// What keeps its dispatch from being part of a neighbour's; empty for what has none.
    fn alone(&self) -> &'static str;

    /// The definition of right: naive loops, sums in f64. `value` is the shape of the result.
    ///
    /// # Errors
    /// If its numbers are not there, or too few.
    fn play(&self, inputs: &[&Tensor], numbers: Option<&NodeParams>, value: Shape) -> Result<Tensor, String>;

    /// What plays it on a GPU. `reads` are its inputs; for [`Storage::Summed`] two, or one to be added to what is there.
    fn lower(&self, reads: &[At], dst: At) -> Lowering;
}

/// What an op costs for inputs of given shapes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Multiply-accumulates: of convolutions only, as the published figures count.
    pub macs: u64,
    /// Other operations that Darknet counts.
    pub others: u64,
    /// Numbers that training moves.
    pub trained: u64,
    /// Numbers in a `.weights` file.
    pub stored: u64,
    /// Weights and biases once batch-norm is folded: what its kernels read beside its inputs.
    pub folded: (usize, usize),
}

/// Where the value of an op comes to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In memory of its own, filled from outside.
    Given,
    /// In memory of its own, by one dispatch or by some that belong together.
    Own,
    /// The same; a dispatch adds two inputs, and another one each that follows.
    Summed,
    /// In what it reads, from this channel on, if that is the first of a block; else copied.
    Range {
        /// First channel.
        start: usize,
    },
    /// Its inputs lie in it, or its readers read those; else they are copied.
    Joined,
}

/// How an op may be cut by channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    /// Not at all.
    Never,
    /// Channels of its value depend on the same channels of its inputs.
    Channels {
        /// Of one input, where the others have no such channels, the value is that input.
        or_input: bool,
    },
    /// A convolution: its filters are independent of each other.
    Filters(Conv),
    /// Its inputs are its bands.
    Members,
    /// Its bands are ranges of those of its input.
    Range {
        /// First channel.
        start: usize,
    },
    /// Its bands are whole pools of its input.
    Pools(Spp),
}

/// What plays an op on a GPU.
#[derive(Clone, Debug, PartialEq)]
pub enum Lowering {
    /// One call: bindings are parameters, inputs, value.
    Kernel(Dispatch),
    /// A rung of the ladder of convolutions.
    Ladder,
    /// Nothing: passes and plan leave none of it.
    Nothing,
}

/// The numbers of one node.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeParams {
    /// Of an [`Op::Conv`].
    Conv {
        /// OIHW, I = input channels / groups.
        weights: Vec<f32>,
        /// One per filter, if [`Conv::bias`].
        bias: Option<Vec<f32>>,
    },
    /// Of an [`Op::BatchNorm`]; one number per channel each.
    BatchNorm {
        /// Added last (`biases` in the file).
        beta: Vec<f32>,
        /// Factor (`scales`).
        gamma: Vec<f32>,
        /// Running mean.
        mean: Vec<f32>,
        /// Running variance.
        var: Vec<f32>,
        /// Added to the variance under the root: 1e-5 in Darknet.
        eps: f32,
    },
}

/// Fails unless there are as many numbers as there should be.
fn expect(what: &str, expected: usize, found: usize) -> Result<(), String> {
    if expected == found { Ok(()) } else { Err(format!("expected {expected} {what}, found {found}")) }
}

/// Output side of a window: `(side + padding - size) / stride + 1`, or `None` if the window does not fit.
pub fn window(side: usize, padding: usize, size: usize, stride: usize) -> Option<usize> {
    if stride == 0 || size == 0 {
        return None;
    }
    side.checked_add(padding)?.checked_sub(size).map(|n| n / stride + 1)
}

/// Rows and columns that a window makes of a value.
fn pooled(x: Shape, size: usize, (down, right): (usize, usize), padding: usize) -> Result<(usize, usize), String> {
    let (h, w) = (window(x.h, padding, size, down), window(x.w, padding, size, right));
    h.zip(w).ok_or_else(|| format!("a {size}x{size} window with stride {down}x{right} does not fit"))
}

/// A value of which every pixel became `stride` times `stride`.
fn enlarged(x: Shape, stride: usize) -> Result<Shape, String> {
    let sides = x.h.checked_mul(stride).zip(x.w.checked_mul(stride)).filter(|_| stride > 0);
    sides.map(|(h, w)| Shape::new(x.c, h, w)).ok_or_else(|| format!("stride {stride} is 0 or too large"))
}
