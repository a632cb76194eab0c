//! Implicit GEMM through workgroup memory: the portable kernel for real GPUs.

use crate::kernels::{Kernel, conv::BINDINGS, part};

/// `shaders/conv_tiled.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "conv_tiled",
    twin: "conv",
    parts: &[part!("shared/activation.wgsl"), part!("shared/conv.wgsl"), part!("conv_tiled.wgsl")],
    bindings: BINDINGS,
    workgroup: [8, 8, 1],
};

/// Output pixels per workgroup.
pub const TILE_PIXELS: usize = 32;
/// Output blocks of four channels per workgroup.
pub const TILE_BLOCKS: usize = 16;
