//! Convolution by its definition: rung 0 of the ladder.

use crate::kernels::{Kernel, conv::BINDINGS, part};

/// `shaders/conv_direct.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "conv_direct",
    twin: "conv",
    parts: &[part!("shared/activation.wgsl"), part!("shared/conv.wgsl"), part!("conv_direct.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};
