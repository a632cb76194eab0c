//! Implicit GEMM by cooperative matrices of 16x16.

use crate::kernels::{Kernel, conv::BINDINGS, native_part, part};

/// `shaders/conv_coop16.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "conv_coop16",
    twin: "conv",
    parts: &[
        native_part!("shared/enable_coop.wgsl"),
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        native_part!("shared/coop.wgsl"),
        native_part!("conv_coop16.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [128, 1, 1],
};

/// Rows and columns of a fragment.
pub const SIDE: usize = 16;
