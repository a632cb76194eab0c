//! Max pool: taps outside the picture do not count.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::{self, At, BINDINGS},
};

/// `shaders/max_pool.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "max_pool",
    twin: "max_pool",
    parts: &[part!("shared/planes.wgsl"), part!("max_pool.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// The window of one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows and columns.
    pub size: usize,
    /// Steps down and right.
    pub stride: (usize, usize),
    /// How far before the output's pixel it starts: `padding / 2`.
    pub offset: usize,
}

/// `dst[y, x] = max(src[window at (y, x)])`
pub fn dispatch(window: Window, src: At, dst: At) -> Dispatch {
    let constants = vec![
        ("SIZE", window.size as f64),
        ("STRIDE_Y", window.stride.0 as f64),
        ("STRIDE_X", window.stride.1 as f64),
        ("OFFSET", window.offset as f64),
    ];
    planes::dispatch(&KERNEL, constants, src, dst, dst.shape.blocks())
}
