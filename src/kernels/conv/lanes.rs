//! Implicit GEMM without barriers, for software adapters: lanes along pixels, weights uniform.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, launch::Launch, load::StepLoad, params::BINDINGS, rung::Rung},
    part,
};

/// `shaders/conv_lanes.wgsl`
static KERNEL: Kernel = Kernel {
    name: "conv_lanes",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        part!("shared/panel.wgsl"),
        part!("conv_lanes.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// Output pixels per invocation.
const PIXELS: usize = 4;
/// Output blocks of four channels per workgroup.
const TILE_BLOCKS: usize = 2;

/// 8 output channels by 4 pixels an invocation.
pub(super) struct Lanes;

impl Rung for Lanes {
    const NAME: &'static str = "lanes";
    const KERNELS: &'static [&'static Kernel] = &[&KERNEL];
    const GEMM: bool = true;

    fn suits(caps: &Caps) -> bool {
        caps.software && !caps.subgroup
    }

    fn takes(problem: &Problem, _: &Caps) -> bool {
        problem.groups == 1
    }

    fn launch(problem: &Problem, _: &Caps, _: &[PartAt]) -> Launch {
        let threads = threads(problem.pixels());
        Launch {
            constants: vec![("THREADS", threads as f64)],
            turns: true,
            ..Launch::gemm(&KERNEL, threads * PIXELS, TILE_BLOCKS, StepLoad::lanes(threads, 4, 128.0, 20.0, 72.0))
        }
    }
}

/// Invocations per workgroup: as many as waste less than a tenth of an output of so many pixels.
fn threads(pixels: usize) -> usize {
    let frugal = |threads: &usize| pixels.next_multiple_of(threads * PIXELS) * 10 <= pixels * 11;
    [64, 32, 16, 8].into_iter().find(frugal).unwrap_or(4)
}
