//! Implicit GEMM for GPUs: 64 output channels by 64 pixels a workgroup, in registers.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, block, launch::Launch, rung::Rung},
};

/// Invocations along pixels, and along output channels.
const SIDE: usize = 8;

/// 8 output channels by 8 pixels an invocation.
pub(super) struct Block64;

impl Rung for Block64 {
    const NAME: &'static str = "block64";
    const KERNELS: &'static [&'static Kernel] = &[&block::KERNEL];
    const GEMM: bool = true;

    fn suits(caps: &Caps) -> bool {
        !caps.software
    }

    fn takes(problem: &Problem, _: &Caps) -> bool {
        problem.groups == 1
    }

    fn launch(_: &Problem, _: &Caps, parts: &[PartAt]) -> Launch {
        block::launch(&block::KERNEL, SIDE, parts)
    }
}
