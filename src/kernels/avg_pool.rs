//! Global average pool: the mean of each plane.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::{self, At, BINDINGS},
};

/// `shaders/avg_pool.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "avg_pool",
    twin: "avg_pool",
    parts: &[part!("shared/planes.wgsl"), part!("avg_pool.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// `dst[c] = mean(src[c])`; one workgroup per picture and block.
pub fn dispatch(src: At, dst: At) -> Dispatch {
    let each = planes::dispatch(&KERNEL, vec![], src, dst, dst.shape.blocks());
    Dispatch { workgroups: [dst.pictures as u32, dst.shape.blocks() as u32, 1], ..each }
}
