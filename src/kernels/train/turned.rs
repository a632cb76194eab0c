//! The gradient of what a convolution reads, as a convolution: of the gradient by what it made, with its kernel turned round.

use crate::{
    kernels::{activation::ActivationKind, conv::Problem, train::ConvGrad},
    tensor::Shape,
};

/// A convolution whose gradient the ladder can play. In steps of one it is one convolution. In steps of `s` the pixels of x fall into `s * s`
/// phases, each of which sees taps of its own: all phases together are one convolution with as many times the channels, whose kernel is as large as
/// that of the largest phase and zero where another has no tap; it stores their pixels side by side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TurnedConv {
    /// What the ladder plays.
    pub problem: Problem,
    /// Steps of the convolution itself.
    pub stride: usize,
    /// Channels of a phase in the problem's output.
    pub phase: usize,
    /// From a phase's pixel of x to the first pixel of y that the turned kernel sees.
    pub first: i64,
    /// The convolution itself.
    pub conv: ConvGrad,
    /// What it reads.
    pub input: Shape,
}

impl TurnedConv {
    /// Of a convolution that makes `y` of `x`; none for what only the definition plays: unequal steps, steps of more than one with groups or
    /// dilation, a border wider than the kernel.
    pub fn new(conv: ConvGrad, x: Shape, y: Shape, pictures: usize) -> Option<Self> {
        let (stride, right) = conv.stride;
        let plain = stride == 1 || conv.groups == 1 && conv.dilation == 1;
        if stride != right || !plain {
            return None;
        }
        let (first, last) = reach(&conv)?;
        let pad = usize::try_from(-first).ok()?;
        let phase = x.c.next_multiple_of(4);
        let channels = if stride == 1 { x.c } else { stride * stride * phase };
        let problem = Problem {
            input: y,
            output: Shape::new(channels, x.h.div_ceil(stride), x.w.div_ceil(stride)),
            size: usize::try_from(last - first + 1).ok()?,
            stride: (1, 1),
            pad,
            dilation: conv.dilation,
            groups: conv.groups,
            activation: ActivationKind::Linear,
            residual: None,
            upsample: 1,
            pictures,
            parts: 1,
        };
        Some(Self { problem, stride, phase, first, conv, input: x })
    }

    /// What says to the epilogue that channels are phases, and how many rows and columns of the last ones are none of x.
    pub fn phases(&self) -> [(&'static str, f64); 3] {
        let Shape { h, w, .. } = self.problem.output;
        let lacking = |phases: usize, x: usize| (phases * self.stride - x) as f64;
        [
            ("PHASES", self.stride as f64),
            ("LACKING_Y", lacking(h, self.input.h)),
            ("LACKING_X", lacking(w, self.input.w)),
        ]
    }
}

/// Nearest and farthest pixel of y that a pixel of x is seen from, counted from its phase's own; `y STRIDE - PAD + k` is the pixel under tap `k`.
fn reach(conv: &ConvGrad) -> Option<(i64, i64)> {
    let [size, stride, pad] = [conv.size, conv.stride.0, conv.pad].map(|n| n as i64);
    let from =
        |phase: i64| (0..size).map(move |k| phase + pad - k).filter(move |d| d % stride == 0).map(move |d| d / stride);
    let all = || (0..stride).flat_map(from);
    all().min().zip(all().max())
}
