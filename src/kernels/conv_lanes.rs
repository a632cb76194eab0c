//! Implicit GEMM without barriers, for software adapters: lanes along pixels, weights uniform.

use crate::kernels::{Kernel, conv::BINDINGS, part};

/// `shaders/conv_lanes.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "conv_lanes",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        part!("conv_lanes.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// Output pixels per workgroup.
pub const TILE_PIXELS: usize = 256;
/// Output blocks of four channels per workgroup.
pub const TILE_BLOCKS: usize = 2;
