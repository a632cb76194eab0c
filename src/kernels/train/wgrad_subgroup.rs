//! Gradient of a convolution's weights, for software adapters with subgroups.

use crate::kernels::{
    Kernel, part,
    train::params::{DST, PARAMS, read},
};

/// `shaders/train/wgrad_subgroup.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/wgrad_subgroup",
    twin: "train/conv_wgrad",
    parts: &[part!("shared/train.wgsl"), part!("shared/conv_grad.wgsl"), part!("train/wgrad_subgroup.wgsl")],
    bindings: &[PARAMS, read("x"), read("dy"), DST],
    workgroup: [16, 1, 1],
};
