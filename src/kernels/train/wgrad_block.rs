//! Gradient of a convolution's weights, for GPUs.

use crate::kernels::{
    Kernel, part,
    train::params::{DST, PARAMS, read},
};

/// `shaders/train/wgrad_block.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/wgrad_block",
    twin: "train/conv_wgrad",
    parts: &[part!("shared/train.wgsl"), part!("shared/conv_grad.wgsl"), part!("train/wgrad_block.wgsl")],
    bindings: &[PARAMS, read("x"), read("dy"), DST],
    workgroup: [8, 8, 1],
};
