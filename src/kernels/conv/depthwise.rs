//! Depthwise convolution: one input and one output channel per group.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, launch::Launch, load::StepLoad, pack::Layout, params::BINDINGS, rung::Rung},
    part,
};

/// `shaders/conv_depthwise.wgsl`
static KERNEL: Kernel = Kernel {
    name: "conv_depthwise",
    twin: "conv",
    parts: &[part!("shared/activation.wgsl"), part!("shared/conv.wgsl"), part!("conv_depthwise.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// A step is a tap.
const LOAD: StepLoad = StepLoad::lanes(64, 1, 4.0, 20.0, 24.0);

/// Four channels of a pixel an invocation.
pub(super) struct Depthwise;

impl Rung for Depthwise {
    const NAME: &'static str = "depthwise";
    const KERNELS: &'static [&'static Kernel] = &[&KERNEL];

    fn suits(_: &Caps) -> bool {
        true
    }

    fn takes(problem: &Problem, _: &Caps) -> bool {
        problem.groups > 1 && problem.groups == problem.input.c && problem.groups == problem.output.c
    }

    fn launch(_: &Problem, _: &Caps, _: &[PartAt]) -> Launch {
        Launch::pixels(&KERNEL, Layout::Depthwise, LOAD)
    }
}
