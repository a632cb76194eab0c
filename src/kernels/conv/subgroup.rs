//! Implicit GEMM without barriers, for software adapters with subgroups: each weight is loaded by one lane.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, launch::Launch, load::StepLoad, params::BINDINGS, rung::Rung},
    part,
};

/// `shaders/conv_subgroup.wgsl`
static KERNEL: Kernel = Kernel {
    name: "conv_subgroup",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        part!("shared/panel.wgsl"),
        part!("shared/spread.wgsl"),
        part!("conv_subgroup.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [16, 1, 1],
};

/// Output pixels per workgroup.
pub(super) const TILE_PIXELS: usize = 64;
/// Output blocks of four channels per workgroup.
const TILE_BLOCKS: usize = 8;

/// A step is a block of inputs.
const LOAD: StepLoad = StepLoad::lanes(16, 4, 512.0, 140.0, 192.0);

/// 32 output channels by 4 pixels an invocation.
pub(super) struct Subgroup;

impl Rung for Subgroup {
    const NAME: &'static str = "subgroup";
    const KERNELS: &'static [&'static Kernel] = &[&KERNEL];
    const GEMM: bool = true;

    fn suits(caps: &Caps) -> bool {
        caps.software && caps.subgroup
    }

    fn takes(problem: &Problem, caps: &Caps) -> bool {
        problem.groups == 1 && caps.subgroup
    }

    fn launch(_: &Problem, _: &Caps, _: &[PartAt]) -> Launch {
        Launch { turns: true, ..Launch::gemm(&KERNEL, TILE_PIXELS, TILE_BLOCKS, LOAD) }
    }
}
