//! Sum of two values; unequal channel counts are allowed, as in Darknet.

use crate::kernels::{
    Dispatch, Kernel,
    pairs::{self, BINDINGS},
    part,
    planes::At,
};

/// `shaders/shortcut.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "shortcut",
    twin: "shortcut",
    parts: &[part!("shared/pairs.wgsl"), part!("shortcut.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// `dst = a + b`; with `accumulate` `dst += b`, and `a` is not looked at.
pub fn dispatch(accumulate: bool, a: At, b: At, dst: At) -> Dispatch {
    pairs::dispatch(&KERNEL, vec![("ACCUMULATE", f64::from(u8::from(accumulate)))], a, b, dst)
}
