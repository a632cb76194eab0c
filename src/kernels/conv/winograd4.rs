//! Winograd F(4x4, 3x3): tiles of the input to values at points.

use crate::kernels::{Kernel, conv::BINDINGS, part};

/// `shaders/winograd4_input.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "winograd4_input",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/tiles.wgsl"),
        part!("winograd4_input.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};
