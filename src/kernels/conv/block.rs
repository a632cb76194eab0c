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

/// Output pixels per invocation.
pub const PIXELS: usize = 8;
/// Output blocks of four channels per invocation.
pub const BLOCKS: usize = 2;
/// Invocations along pixels and along output channels, of a workgroup of the smaller size.
pub const SMALL: usize = 8;
/// The same of the larger.
pub const LARGE: usize = 16;

/// Input blocks between barriers: as many as divide those of every part.
pub fn depth(parts: &[usize]) -> usize {
    let fits = |depth: &usize| parts.iter().all(|blocks| blocks.is_multiple_of(*depth));
    [4, 2].into_iter().find(fits).unwrap_or(1)
}
