//! As [`super::subgroup`], for outputs of few pixels.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, launch::Launch, load::StepLoad, params::BINDINGS, rung::Rung, subgroup},
    part,
};

/// `shaders/conv_subgroup_few.wgsl`
static KERNEL: Kernel = Kernel {
    name: "conv_subgroup_few",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        part!("shared/panel.wgsl"),
        part!("shared/spread.wgsl"),
        part!("conv_subgroup_few.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [8, 1, 1],
};

/// Output pixels per workgroup.
const TILE_PIXELS: usize = 16;
/// Output blocks of four channels per workgroup.
const TILE_BLOCKS: usize = 16;

/// A step is a block of inputs.
const LOAD: StepLoad = StepLoad::lanes(8, 4, 512.0, 260.0, 192.0);

/// 64 output channels by 2 pixels an invocation.
pub(super) struct SubgroupFew;

impl Rung for SubgroupFew {
    const NAME: &'static str = "subgroup-few";
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

/// Whether it is the better of the two for so many pixels: tiles that are cut off cost as much as whole ones, and it takes a
/// quarter more time for a whole one of as many outputs.
pub(super) const fn better(pixels: usize) -> bool {
    let few = pixels.next_multiple_of(TILE_PIXELS);
    let many = pixels.next_multiple_of(subgroup::TILE_PIXELS);
    few * 5 < many * 4
}
