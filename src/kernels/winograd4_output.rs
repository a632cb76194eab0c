//! Winograd F(4x4, 3x3): products at points to pixels, and the epilogue.

use crate::kernels::{Kernel, conv::BINDINGS, part};

/// `shaders/winograd4_output.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "winograd4_output",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/tiles.wgsl"),
        part!("winograd4_output.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};
