//! A convolution as its gradients see it.

use crate::{kernels::train::params::TrainParams, tensor::Shape};

/// The shape of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvGrad {
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
}

impl ConvGrad {
    /// As its kernels are told.
    pub(super) fn constants(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("SIZE", self.size as f64),
            ("STRIDE_Y", self.stride.0 as f64),
            ("STRIDE_X", self.stride.1 as f64),
            ("PAD", self.pad as f64),
            ("DILATION", self.dilation as f64),
        ]
    }

    /// The parameters of a convolution from x to y, with its groups.
    pub(super) fn grouped(&self, params: TrainParams, x: Shape, y: Shape) -> TrainParams {
        TrainParams { group_ic: (x.c / self.groups) as u32, group_oc: (y.c / self.groups) as u32, ..params }
    }
}
