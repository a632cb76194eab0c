//! What a room says of its op.

use std::ops::RangeInclusive;

use crate::{
    kernels::{Dispatch, planes::At},
    tensor::{Real, Shape, Tensor},
};

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

    /// Whether it has one value a batch, the sum of what it makes of each picture, instead of one a picture.
    fn summed(&self) -> bool {
        false
    }

    /// Which pixels of its inputs one pixel of its value depends on.
    fn sight(&self) -> Sight {
        Sight::PIXEL
    }

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
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        numbers: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String>;

    /// What plays it on a GPU. `reads` are its inputs; for [`Storage::Summed`] two, or one to be added to what is there.
    fn lower(&self, reads: &[At], dst: At) -> Lowering;
}

/// Rows and columns of the inputs that one pixel of a value depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Side of the window, taps that are skipped included; all of the plane if it is [`usize::MAX`].
    pub size: usize,
    /// From one pixel's window to the next one's.
    pub stride: usize,
    /// Pixels, along a side, that one window is for.
    pub times: usize,
}

impl Sight {
    /// The same pixel.
    pub const PIXEL: Self = Self { size: 1, stride: 1, times: 1 };
    /// All of them.
    pub const PLANE: Self = Self { size: usize::MAX, ..Self::PIXEL };
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
    /// In memory of its own; one dispatch adds the first two inputs, and another one each that follows.
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
    Filters,
    /// Its inputs are its bands.
    Members,
    /// Its bands are ranges of those of its input.
    Range {
        /// First channel.
        start: usize,
    },
    /// Its bands are whole pools of its input.
    Pools {
        /// Rows and columns of each.
        sizes: [usize; 4],
    },
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
pub enum NodeParams<T = f32> {
    /// Of an [`crate::ops::Op::Conv`].
    Conv {
        /// OIHW, I = input channels / groups.
        weights: Vec<T>,
        /// One per filter, if [`crate::ops::Conv::bias`].
        bias: Option<Vec<T>>,
    },
    /// Of an [`crate::ops::Op::BatchNorm`]; one number per channel each.
    BatchNorm {
        /// Added last (`biases` in the file).
        beta: Vec<T>,
        /// Factor (`scales`).
        gamma: Vec<T>,
        /// Running mean.
        mean: Vec<T>,
        /// Running variance.
        var: Vec<T>,
        /// Added to the variance under the root: 1e-5 in Darknet.
        eps: f32,
    },
}

impl NodeParams {
    /// The same numbers in f64.
    pub fn wide(&self) -> NodeParams<f64> {
        let wide = |list: &Vec<f32>| list.iter().map(|v| f64::from(*v)).collect();
        match self {
            Self::Conv { weights, bias } => NodeParams::Conv { weights: wide(weights), bias: bias.as_ref().map(wide) },
            Self::BatchNorm { beta, gamma, mean, var, eps } => NodeParams::BatchNorm {
                beta: wide(beta),
                gamma: wide(gamma),
                mean: wide(mean),
                var: wide(var),
                eps: *eps,
            },
        }
    }
}

/// Fails unless there are as many numbers as there should be.
pub(super) fn expect(what: &str, expected: usize, found: usize) -> Result<(), String> {
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
pub(super) fn pooled(
    x: Shape,
    size: usize,
    (down, right): (usize, usize),
    padding: usize,
) -> Result<(usize, usize), String> {
    let (h, w) = (window(x.h, padding, size, down), window(x.w, padding, size, right));
    h.zip(w).ok_or_else(|| format!("a {size}x{size} window with stride {down}x{right} does not fit"))
}

/// A value of which every pixel became `stride` times `stride`.
pub(super) fn enlarged(x: Shape, stride: usize) -> Result<Shape, String> {
    let sides = x.h.checked_mul(stride).zip(x.w.checked_mul(stride)).filter(|_| stride > 0);
    sides.map(|(h, w)| Shape::new(x.c, h, w)).ok_or_else(|| format!("stride {stride} is 0 or too large"))
}
