//! Gradient of an upsample.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::params::{DST, PARAMS, TrainParams, read},
};

/// `shaders/train/upsample_grad.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/upsample_grad",
    twin: "train/upsample_grad",
    parts: &[part!("shared/train.wgsl"), part!("train/upsample_grad.wgsl")],
    bindings: &[PARAMS, read("dy"), DST],
    workgroup: [64, 1, 1],
};

/// `scale` times the sum of the pixels of dy that each became.
pub fn dispatch(stride: usize, scale: f32, dy: At, dst: At) -> Dispatch {
    let params = TrainParams { scale, ..TrainParams::new(dst.shape, dy.shape, &[dy], dst) };
    params.by_pixel(&KERNEL, vec![("STRIDE", stride as f64)])
}
