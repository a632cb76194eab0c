//! Implicit GEMM for GPUs: 128 output channels by 128 pixels a workgroup, two products of 16 bits at once.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, launch::Launch, packed, rung::Rung},
};

/// Invocations along pixels, and along output channels.
const SIDE: usize = 16;

/// 8 output channels by 8 pixels an invocation.
pub(super) struct Packed128;

impl Rung for Packed128 {
    const NAME: &'static str = "packed128";
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
