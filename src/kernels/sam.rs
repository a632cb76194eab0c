//! Elementwise product of two values of one shape.

use crate::kernels::{
    Dispatch, Kernel,
    pairs::{self, BINDINGS},
    part,
    planes::At,
};

/// `shaders/sam.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "sam",
    twin: "sam",
    parts: &[part!("shared/pairs.wgsl"), part!("sam.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// `dst = a * b`
pub fn dispatch(a: At, b: At, dst: At) -> Dispatch {
    pairs::dispatch(&KERNEL, vec![], a, b, dst)
}
