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

/// Output pixels per invocation.
pub const PIXELS: usize = 4;
/// Output blocks of four channels per workgroup.
pub const TILE_BLOCKS: usize = 2;

/// Invocations per workgroup: as many as waste less than a tenth of an output of so many pixels.
pub fn threads(pixels: usize) -> usize {
    let frugal = |threads: &usize| pixels.next_multiple_of(threads * PIXELS) * 10 <= pixels * 11;
    [64, 32, 16, 8].into_iter().find(frugal).unwrap_or(4)
}
