//! Gradient of a global average pool.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::params::{DST, PARAMS, TrainParams, read},
};

/// `shaders/train/avg_pool_grad.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/avg_pool_grad",
    twin: "train/avg_pool_grad",
    parts: &[part!("shared/train.wgsl"), part!("train/avg_pool_grad.wgsl")],
    bindings: &[PARAMS, read("dy"), DST],
    workgroup: [64, 1, 1],
};

/// Every pixel's share of dy.
pub fn dispatch(dy: At, dst: At) -> Dispatch {
    let scale = (1.0 / dst.shape.pixels() as f64) as f32;
    TrainParams { scale, ..TrainParams::new(dst.shape, dy.shape, &[dy], dst) }.by_pixel(&KERNEL, vec![])
}
