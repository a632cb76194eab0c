//! Implicit GEMM through workgroup memory: the portable kernel for real GPUs.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, launch::Launch, load::StepLoad, pack::Layout, params::BINDINGS, rung::Rung},
    part,
};

/// `shaders/conv_tiled.wgsl`
static KERNEL: Kernel = Kernel {
    name: "conv_tiled",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        part!("conv_tiled.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [8, 8, 1],
};

/// Output pixels per workgroup.
const TILE_PIXELS: usize = 32;
/// Output blocks of four channels per workgroup.
const TILE_BLOCKS: usize = 16;
/// Output blocks of a panel of weights: a workgroup has four of them.
const PANEL_BLOCKS: usize = 4;

/// A step is four input blocks, whatever their tap.
const LOAD: StepLoad = StepLoad {
    inputs: 16,
    across_taps: true,
    multiplies: 512.0,
    others: 130.0,
    shared: 54.0 * 16.0,
    matrix: 0.0,
    registers: 80.0,
    invocations: 64,
};

/// 64 output channels by 32 pixels a workgroup.
pub(super) struct Tiled;

impl Rung for Tiled {
    const NAME: &'static str = "tiled";
    const KERNELS: &'static [&'static Kernel] = &[&KERNEL];
    const GEMM: bool = true;

    fn suits(caps: &Caps) -> bool {
        !caps.software
    }

    fn takes(problem: &Problem, _: &Caps) -> bool {
        problem.groups == 1
    }

    fn launch(_: &Problem, _: &Caps, _: &[PartAt]) -> Launch {
        Launch { layout: Layout::panels(PANEL_BLOCKS), ..Launch::gemm(&KERNEL, TILE_PIXELS, TILE_BLOCKS, LOAD) }
    }
}
