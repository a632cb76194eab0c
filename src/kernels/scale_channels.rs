//! Every plane times one number.

use crate::kernels::{
    Dispatch, Kernel,
    pairs::{self, BINDINGS},
    part,
    planes::At,
};

/// `shaders/scale_channels.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "scale_channels",
    twin: "scale_channels",
    parts: &[part!("shared/pairs.wgsl"), part!("scale_channels.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// `dst[c] = a[c] * b[c]`, b of shape (C,1,1).
pub fn dispatch(a: At, b: At, dst: At) -> Dispatch {
    pairs::dispatch(&KERNEL, vec![], a, b, dst)
}
