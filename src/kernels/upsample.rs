//! Nearest upsampling.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::{self, At, BINDINGS},
};

/// `shaders/upsample.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "upsample",
    twin: "upsample",
    parts: &[part!("shared/planes.wgsl"), part!("upsample.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// `dst[y, x] = scale * src[y / stride, x / stride]`
pub fn dispatch(stride: usize, scale: f32, src: At, dst: At) -> Dispatch {
    planes::dispatch(
        &KERNEL,
        vec![("STRIDE", stride as f64), ("SCALE", f64::from(scale))],
        src,
        dst,
        dst.shape.blocks(),
    )
}
