//! Winograd F(2x2, 3x3): products at points to pixels, and the epilogue.

use crate::kernels::{Kernel, conv::BINDINGS, part};

/// `shaders/winograd2_output.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "winograd2_output",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/tiles.wgsl"),
        part!("winograd2_output.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};
