//! Implicit GEMM without barriers, for software adapters with subgroups: for outputs of few pixels.

use crate::kernels::{Kernel, conv::BINDINGS, native_part, part};

/// `shaders/conv_subgroup_few.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "conv_subgroup_few",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        native_part!("shared/spread.wgsl"),
        native_part!("conv_subgroup_few.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [8, 1, 1],
};

/// Output pixels per workgroup.
pub const TILE_PIXELS: usize = 16;
/// Output blocks of four channels per workgroup.
pub const TILE_BLOCKS: usize = 16;
