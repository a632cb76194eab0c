//! Implicit GEMM without barriers, for software adapters with subgroups: each weight is loaded by one lane.

use crate::kernels::{Kernel, conv::BINDINGS, native_part, part};

/// `shaders/conv_subgroup.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "conv_subgroup",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        native_part!("shared/spread.wgsl"),
        native_part!("conv_subgroup.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [16, 1, 1],
};

/// Output pixels per workgroup.
pub const TILE_PIXELS: usize = 64;
/// Output blocks of four channels per workgroup.
pub const TILE_BLOCKS: usize = 8;
