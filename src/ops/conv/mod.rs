//! Convolution (`[convolutional]`), with what the fuse pass has pulled in. Its kernels are a ladder
//! ([`crate::kernels::conv`]); `oracle.rs` is what all of them must come to.

mod oracle;
pub(super) mod taps;

use std::{fmt::Write, ops::RangeInclusive};

use crate::{
    kernels::planes::At,
    ops::{
        Activation, Counts, Cut, Definition, Lowering, NodeParams, Sight, Storage, activation::suffix, enlarged,
        expect, pooled,
    },
    tensor::{Real, Shape, Tensor},
};

/// A convolution as Darknet defines it. Weights are OIHW with I = input channels / groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv {
    /// Output channels.
    pub filters: usize,
    /// Rows and columns of the kernel.
    pub size: usize,
    /// Step down, in rows.
    pub stride_y: usize,
    /// Step right, in columns.
    pub stride_x: usize,
    /// Zero border; the taps start at `-pad * dilation`.
    pub pad: usize,
    /// Distance of neighbouring taps. Darknet's output size ignores it.
    pub dilation: usize,
    /// Input and output channels are cut into this many independent groups.
    pub groups: usize,
    /// Whether a bias is added (batch-norm follows otherwise).
    pub bias: bool,
    /// What the fuse pass has pulled in; [`Epilogue::NONE`] in a graph as loaded.
    pub epilogue: Epilogue,
}

/// What a convolution does to its sum before it is stored: `upsample(after(activation(sum) + residual))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epilogue {
    /// Applied to the sum plus bias.
    pub activation: Activation,
    /// Present if the node's last input is a residual of the sum's own shape; the activation follows the sum.
    pub residual: Option<Activation>,
    /// Rows and columns of the node's value that every pixel of the sum becomes (`stride` of `[upsample]`); 1 without.
    pub upsample: usize,
}

impl Epilogue {
    /// Stores the sum as it is.
    pub const NONE: Self = Self { activation: Activation::Linear, residual: None, upsample: 1 };
}

impl Conv {
    /// Elements of the kernel for `channels` input channels: filters * channels / groups * size * size.
    pub const fn kernel_elements(&self, channels: usize) -> usize {
        self.filters * (channels / self.groups) * self.size * self.size
    }

    /// Shape of the sums of a node whose value has this shape: what it is before it is upsampled.
    pub const fn computed(&self, value: Shape) -> Shape {
        let upsample = self.epilogue.upsample;
        Shape::new(value.c, value.h / upsample, value.w / upsample)
    }
}

impl Definition for Conv {
    fn name(&self) -> &'static str {
        "conv"
    }

    fn describe(&self) -> String {
        let mut s = format!("conv {0}x{0}", self.size);
        if (self.stride_y, self.stride_x) != (1, 1) {
            let _ = write!(s, "/{}", self.stride_y);
            if self.stride_x != self.stride_y {
                let _ = write!(s, "x{}", self.stride_x);
            }
        }
        if self.groups > 1 {
            let _ = write!(s, " groups {}", self.groups);
        }
        if self.dilation > 1 {
            let _ = write!(s, " dilation {}", self.dilation);
        }
        s.push_str(&suffix(self.epilogue.activation));
        if let Some(after) = self.epilogue.residual {
            s.push_str(" + shortcut");
            s.push_str(&suffix(after));
        }
        if self.epilogue.upsample > 1 {
            let _ = write!(s, " + upsample x{}", self.epilogue.upsample);
        }
        s
    }

    fn arity(&self) -> RangeInclusive<usize> {
        let n = 1 + usize::from(self.epilogue.residual.is_some());
        n..=n
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (x, g) = (inputs[0], self.groups);
        if g == 0 || !x.c.is_multiple_of(g) || !self.filters.is_multiple_of(g) {
            return Err(format!("{g} groups do not divide {} input channels and {} filters", x.c, self.filters));
        }
        let padding = self.pad.checked_mul(2).ok_or_else(|| format!("padding {} is too large", self.pad))?;
        let (h, w) = pooled(x, self.size, (self.stride_y, self.stride_x), padding)?;
        enlarged(Shape::new(self.filters, h, w), self.epilogue.upsample)
    }

    fn sight(&self) -> Sight {
        Sight {
            size: (self.size - 1) * self.dilation + 1,
            stride: self.stride_y.max(self.stride_x),
            times: self.epilogue.upsample,
        }
    }

    fn counts(&self, inputs: &[Shape], value: Shape) -> Counts {
        let ic = inputs[0].c;
        // In 64 bits even where usize has 32: a layer of P6 has more than 2^32.
        let per_element = (ic / self.groups) as u64 * (self.size * self.size) as u64;
        let kernel = self.kernel_elements(ic);
        let numbers = (kernel + if self.bias { self.filters } else { 0 }) as u64;
        Counts {
            macs: self.computed(value).elements() as u64 * per_element,
            others: 0,
            trained: numbers,
            stored: numbers,
            folded: (kernel, self.filters),
        }
    }

    fn storage(&self) -> Storage {
        Storage::Own
    }

    fn cut(&self) -> Cut {
        Cut::Filters
    }

    fn gathers(&self) -> bool {
        self.groups == 1
    }

    fn alone(&self) -> &'static str {
        "with bias, activation, shortcut and upsample inside"
    }

    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        numbers: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let Some(NodeParams::Conv { weights, bias }) = numbers else { return Err("has no parameters".into()) };
        expect("weights", self.kernel_elements(inputs[0].shape.c), weights.len())?;
        let biases = if self.bias { self.filters } else { 0 };
        expect("biases", biases, bias.as_ref().map_or(0, Vec::len))?;
        oracle::conv(self, weights, bias.as_deref(), inputs, value)
    }

    fn lower(&self, _: &[At], _: At) -> Lowering {
        Lowering::Ladder
    }
}
