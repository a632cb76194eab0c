//! Convolution to very few pixels, as behind a global pool: lanes stand along the inputs.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, launch::Launch, load::StepLoad, params::BINDINGS, rung::Rung},
    part,
};

/// `shaders/conv_vector.wgsl`
static KERNEL: Kernel = Kernel {
    name: "conv_vector",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        part!("conv_vector.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [32, 1, 1],
};

/// Most output pixels: each of them reads all weights again.
const MAX_PIXELS: usize = 8;

/// A step is a block of inputs for each invocation.
const LOAD: StepLoad = StepLoad::lanes(32, 128, 16.0, 20.0, 32.0);

/// 4 output channels of one pixel a workgroup.
pub(super) struct Vector;

impl Rung for Vector {
    const NAME: &'static str = "vector";
    const KERNELS: &'static [&'static Kernel] = &[&KERNEL];

    fn suits(_: &Caps) -> bool {
        true
    }

    fn takes(problem: &Problem, _: &Caps) -> bool {
        problem.groups == 1 && problem.pixels() <= MAX_PIXELS
    }

    fn launch(_: &Problem, _: &Caps, _: &[PartAt]) -> Launch {
        Launch::gemm(&KERNEL, 1, 1, LOAD)
    }
}
