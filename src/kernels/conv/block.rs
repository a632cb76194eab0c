//! What [`super::block64`], [`super::block128`] and [`super::packed`] share: implicit GEMM for GPUs with large tiles in registers.

use crate::kernels::{
    Kernel,
    conv::{PartAt, launch::Launch, load::StepLoad, params::BINDINGS},
    part,
};

/// `shaders/conv_block.wgsl`
pub(super) static KERNEL: Kernel = Kernel {
    name: "conv_block",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        part!("shared/block.wgsl"),
        part!("conv_block.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [8, 8, 1],
};

/// Output pixels per invocation.
const PIXELS: usize = 8;
/// Output blocks of four channels per invocation.
const BLOCKS: usize = 2;

/// Of this kernel or `conv_packed`, with so many invocations along pixels and along output channels.
pub(super) fn launch(kernel: &'static Kernel, side: usize, parts: &[PartAt]) -> Launch {
    let blocks = depth(parts);
    let depth = blocks as f64;
    // What an invocation stages: its share of as many pixels and outputs.
    let staged = 2.0 * depth * 8.0 / side as f64;
    let step = StepLoad {
        inputs: 4 * blocks,
        across_taps: false,
        multiplies: depth * 256.0,
        others: depth * 4.0 + staged * 5.0,
        shared: (depth * 16.0 + staged) * 16.0,
        matrix: 0.0,
        registers: 120.0,
        invocations: side * side,
    };
    Launch {
        constants: vec![("LANES", side as f64), ("ROWS", side as f64), ("DEPTH", depth)],
        ..Launch::gemm(kernel, PIXELS * side, BLOCKS * side, step)
    }
}

/// Input blocks between barriers: as many as divide those of every part.
fn depth(parts: &[PartAt]) -> usize {
    let fits = |depth: &usize| parts.iter().all(|part| part.channels.div_ceil(4).is_multiple_of(*depth));
    [4, 2].into_iter().find(fits).unwrap_or(1)
}
