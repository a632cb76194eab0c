//! Kernels that compute nothing: what an adapter can do at most is measured with them. No ops, hence no twins.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, part};

const BINDINGS: &[Binding] =
    &[Binding { name: "src", bind: Bind::Read }, Binding { name: "dst", bind: Bind::ReadWrite }];

/// `shaders/roof/fma.wgsl`
pub static FMA: Kernel = kernel("fma", &[part!("roof/fma.wgsl")]);
/// `shaders/roof/copy.wgsl`
pub static COPY: Kernel = kernel("copy", &[part!("roof/copy.wgsl")]);
/// `shaders/roof/workgroup.wgsl`
pub static WORKGROUP: Kernel = kernel("workgroup", &[part!("roof/workgroup.wgsl")]);

/// All of them.
pub static ALL: &[&Kernel] = &[&FMA, &COPY, &WORKGROUP];

const fn kernel(name: &'static str, parts: &'static [super::Part]) -> Kernel {
    Kernel { name, twin: "", parts, bindings: BINDINGS, workgroup: [64, 1, 1] }
}

/// Rounds of the loop of one call.
pub const ROUNDS: usize = 256;
/// Multiply-adds of one invocation of [`FMA`], in operations.
pub const FMA_OPERATIONS: usize = ROUNDS * 16 * 32 * 2;
/// Bytes that one invocation of [`WORKGROUP`] reads.
pub const WORKGROUP_BYTES: usize = ROUNDS * 16 * 16;

/// A call with so many workgroups.
pub fn dispatch(kernel: &'static Kernel, workgroups: u32) -> Dispatch {
    let constants = if *kernel == COPY { vec![] } else { vec![("ROUNDS", ROUNDS as f64)] };
    Dispatch { kernel, constants, params: vec![], workgroups: [workgroups, 1, 1] }
}
