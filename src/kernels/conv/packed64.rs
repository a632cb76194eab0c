//! Implicit GEMM for GPUs: 64 output channels by 64 pixels a workgroup, two products of 16 bits at once.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, launch::Launch, packed, rung::Rung},
};

/// Invocations along pixels, and along output channels.
const SIDE: usize = 8;

/// 8 output channels by 8 pixels an invocation.
pub(super) struct Packed64;

impl Rung for Packed64 {
    const NAME: &'static str = "packed64";
    const KERNELS: &'static [&'static Kernel] = &[&packed::KERNEL];
    const GEMM: bool = true;

    fn suits(caps: &Caps) -> bool {
        !caps.software
    }

    fn takes(problem: &Problem, caps: &Caps) -> bool {
        packed::takes(problem, caps)
    }

    fn launch(_: &Problem, _: &Caps, parts: &[PartAt]) -> Launch {
        packed::launch(SIDE, parts)
    }
}
