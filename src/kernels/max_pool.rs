//! Max pool: taps outside the picture do not count.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::{self, At, BINDINGS, Window},
};

/// `shaders/max_pool.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "max_pool",
    twin: "max_pool",
    parts: &[part!("shared/planes.wgsl"), part!("shared/window.wgsl"), part!("max_pool.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// `dst[y, x] = max(src[window at (y, x)])`
pub fn dispatch(window: Window, src: At, dst: At) -> Dispatch {
    planes::dispatch(&KERNEL, window.constants(), src, dst, dst.shape.blocks())
}
