//! Average pool over a window: taps outside the picture do not count.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::{self, At, BINDINGS, Window},
};

/// `shaders/local_avg_pool.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "local_avg_pool",
    twin: "local_avg_pool",
    parts: &[part!("shared/planes.wgsl"), part!("shared/window.wgsl"), part!("local_avg_pool.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// `dst[y, x] = mean(src[window at (y, x)])`
pub fn dispatch(window: Window, src: At, dst: At) -> Dispatch {
    planes::dispatch(&KERNEL, window.constants(), src, dst, dst.shape.blocks())
}
