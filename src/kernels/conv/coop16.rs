//! Implicit GEMM by cooperative matrices of 16x16.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, coop, launch::Launch, params::BINDINGS, rung::Rung},
    part,
};

/// `shaders/conv_coop16.wgsl`
pub(super) static KERNEL: Kernel = Kernel {
    name: "conv_coop16",
    twin: "conv",
    parts: &[
        part!("shared/enable_coop.wgsl"),
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        part!("shared/coop.wgsl"),
        part!("conv_coop16.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [128, 1, 1],
};

/// Rows and columns of a fragment.
const SIDE: usize = 16;

/// 64 output channels by 64 pixels a workgroup.
pub(super) struct Coop16;

impl Rung for Coop16 {
    const NAME: &'static str = "coop16";
    const KERNELS: &'static [&'static Kernel] = &[&KERNEL];
    const GEMM: bool = true;

    fn suits(caps: &Caps) -> bool {
        !caps.software
    }

    fn takes(problem: &Problem, caps: &Caps) -> bool {
        problem.groups == 1 && there(caps)
    }

    fn launch(_: &Problem, caps: &Caps, _: &[PartAt]) -> Launch {
        coop::launch(&KERNEL, SIDE, caps)
    }
}

/// Whether the adapter has them.
pub(super) const fn there(caps: &Caps) -> bool {
    caps.coop.sixteen && coop::runs(SIDE, caps)
}
