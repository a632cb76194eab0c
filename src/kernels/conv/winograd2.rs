//! Winograd F(2x2, 3x3): tiles of the input to values at points.

use crate::kernels::{Kernel, conv::BINDINGS, part};

/// `shaders/winograd2_input.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "winograd2_input",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/tiles.wgsl"),
        part!("winograd2_input.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};
