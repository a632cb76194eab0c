//! Implicit GEMM for GPUs: large tiles in registers, in two sizes, whole or with the sum shared among workgroups.

use crate::kernels::{Kernel, conv::BINDINGS, part};

/// `shaders/conv_block.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "conv_block",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        part!("conv_block.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [8, 8, 1],
};

/// Output pixels of a workgroup of the smaller size, and of the larger.
pub const TILE_PIXELS: [usize; 2] = [64, 128];
/// Output blocks of four channels likewise.
pub const TILE_BLOCKS: [usize; 2] = [16, 32];
/// Invocations along pixels likewise, and along output channels.
pub const SIDE: [usize; 2] = [8, 16];

/// Input blocks between barriers: as many as divide those of every part.
pub fn depth(parts: &[usize]) -> usize {
    let fits = |depth: &usize| parts.iter().all(|blocks| blocks.is_multiple_of(*depth));
    [4, 2].into_iter().find(fits).unwrap_or(1)
}
