//! The first convolution of a network: at most four input channels, all weights of a workgroup staged at once.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, launch::Launch, load::StepLoad, params::BINDINGS, rung::Rung},
    part,
};

/// `shaders/conv_stem.wgsl`
static KERNEL: Kernel = Kernel {
    name: "conv_stem",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        part!("conv_stem.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// Output pixels per workgroup.
const TILE_PIXELS: usize = 256;
/// Output blocks of four channels per workgroup.
const TILE_BLOCKS: usize = 4;
/// Most input channels: one block.
const MAX_CHANNELS: usize = 4;
/// Largest window whose weights fit into the workgroup memory that every adapter has.
const MAX_SIZE: usize = 7;

/// A step is a tap.
const LOAD: StepLoad = StepLoad {
    inputs: 4,
    across_taps: false,
    multiplies: 256.0,
    others: 80.0,
    shared: 16.0 * 16.0,
    matrix: 0.0,
    registers: 128.0,
    invocations: 64,
};

/// 16 output channels by 256 pixels a workgroup.
pub(super) struct Stem;

impl Rung for Stem {
    const NAME: &'static str = "stem";
    const KERNELS: &'static [&'static Kernel] = &[&KERNEL];

    fn suits(caps: &Caps) -> bool {
        !caps.software
    }

    fn takes(problem: &Problem, _: &Caps) -> bool {
        problem.groups == 1 && problem.input.c <= MAX_CHANNELS && problem.size <= MAX_SIZE
    }

    fn launch(_: &Problem, _: &Caps, _: &[PartAt]) -> Launch {
        Launch::gemm(&KERNEL, TILE_PIXELS, TILE_BLOCKS, LOAD)
    }
}
