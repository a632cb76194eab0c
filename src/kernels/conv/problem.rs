//! A convolution as its kernels see it.

use crate::{kernels::activation::ActivationKind, tensor::Shape};

/// A convolution as its kernels see it, padding and tiles aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Problem {
    /// The input, all parts together.
    pub input: Shape,
    /// The output.
    pub output: Shape,
    /// Rows and columns of the kernel.
    pub size: usize,
    /// Steps down and right.
    pub stride: (usize, usize),
    /// Zero border, in taps.
    pub pad: usize,
    /// Distance of neighbouring taps.
    pub dilation: usize,
    /// Independent groups of channels.
    pub groups: usize,
    /// Applied to sum and bias.
    pub activation: ActivationKind,
    /// Applied after the residual, if there is one.
    pub residual: Option<ActivationKind>,
    /// Rows and columns that every pixel of the output is stored as; 1 without upsampling.
    pub upsample: usize,
    /// Pictures of the batch, side by side in every plane.
    pub pictures: usize,
    /// Bindings that the input is gathered from, at most [`crate::kernels::conv::MAX_PARTS`]; 1 for a value in one piece.
    pub parts: usize,
}

impl Problem {
    /// One in steps of one that keeps rows and columns, of one picture in one piece, stored as it is.
    pub const fn plain(input: Shape, channels: usize, size: usize) -> Self {
        Self {
            input,
            output: Shape::new(channels, input.h, input.w),
            size,
            stride: (1, 1),
            pad: size / 2,
            dilation: 1,
            groups: 1,
            activation: ActivationKind::Linear,
            residual: None,
            upsample: 1,
            pictures: 1,
            parts: 1,
        }
    }

    /// Output pixels of all pictures.
    pub const fn pixels(&self) -> usize {
        self.pictures * self.output.pixels()
    }

    /// The output as it is stored.
    pub const fn stored(&self) -> Shape {
        Shape::new(self.output.c, self.output.h * self.upsample, self.output.w * self.upsample)
    }

    /// Vectors of four channels that are written for one picture, and read to be added to that.
    pub const fn written(&self) -> usize {
        self.stored().vectors() + if self.residual.is_some() { self.output.vectors() } else { 0 }
    }

    /// Taps of the window.
    pub const fn taps(&self) -> usize {
        self.size * self.size
    }

    /// Whether there are taps outside the picture though it has no border: of a gradient's convolution, whose size is given.
    pub fn sees_beyond(&self) -> bool {
        let far = |output: usize, stride: usize| output.saturating_sub(1) * stride + (self.size - 1) * self.dilation;
        self.pad == 0
            && (far(self.output.h, self.stride.0) >= self.input.h || far(self.output.w, self.stride.1) >= self.input.w)
    }

    /// Operations by definition, two a multiply-add.
    pub fn flop(&self) -> f64 {
        let taps = (self.input.c / self.groups) as f64 * self.taps() as f64;
        2.0 * (self.pictures * self.output.elements()) as f64 * taps
    }

    /// Without an epilogue: what two convolutions of one speed have in common.
    pub fn bare(&self) -> Self {
        Self { activation: ActivationKind::Linear, residual: None, upsample: 1, ..*self }
    }
}
