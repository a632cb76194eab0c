//! What [`super::packed64`] and [`super::packed128`] share: `block64` and `block128` for cards that multiply two numbers of 16 bits at once.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, block, launch::Launch, load::StepLoad, params::BINDINGS},
    part,
};

/// `shaders/conv_packed.wgsl`
pub(super) static KERNEL: Kernel = Kernel {
    name: "conv_packed",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        part!("shared/block.wgsl"),
        part!("conv_packed.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [8, 8, 1],
};

/// In f32 it would be the kernel that it comes from.
pub(super) const fn takes(problem: &Problem, caps: &Caps) -> bool {
    problem.groups == 1 && caps.half
}

/// With so many invocations along pixels and along output channels.
pub(super) fn launch(side: usize, parts: &[PartAt]) -> Launch {
    let launch = block::launch(&KERNEL, side, parts);
    let step = launch.step;
    // Two products an instruction, half the bytes, and a sum of 16 bits beside each of 32.
    let step =
        StepLoad { multiplies: step.multiplies / 2.0 + 96.0, shared: step.shared / 2.0, registers: 168.0, ..step };
    Launch { step, ..launch }
}
