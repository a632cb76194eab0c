//! Implicit GEMM by cooperative matrices of 8x8.

use crate::kernels::{Kernel, conv::BINDINGS, native_part, part};

/// `shaders/conv_coop8.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "conv_coop8",
    twin: "conv",
    parts: &[
        native_part!("shared/enable_coop.wgsl"),
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        native_part!("shared/coop.wgsl"),
        native_part!("conv_coop8.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [128, 1, 1],
};

/// Rows and columns of a fragment.
pub const SIDE: usize = 8;
