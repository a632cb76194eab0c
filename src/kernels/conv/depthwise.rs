//! Depthwise convolution: one input and one output channel per group.

use crate::kernels::{Kernel, conv::BINDINGS, part};

/// `shaders/conv_depthwise.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "conv_depthwise",
    twin: "conv",
    parts: &[part!("shared/activation.wgsl"), part!("shared/conv.wgsl"), part!("conv_depthwise.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};
