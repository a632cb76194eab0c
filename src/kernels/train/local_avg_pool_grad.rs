//! Gradient of a local average pool.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::{At, Window},
    train::params::{DST, PARAMS, TrainParams, read},
};

/// `shaders/train/local_avg_pool_grad.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/local_avg_pool_grad",
    twin: "train/local_avg_pool_grad",
    parts: &[part!("shared/train.wgsl"), part!("shared/gather.wgsl"), part!("train/local_avg_pool_grad.wgsl")],
    bindings: &[PARAMS, read("dy"), DST],
    workgroup: [64, 1, 1],
};

/// Of dy.
pub fn dispatch(window: Window, dy: At, dst: At) -> Dispatch {
    TrainParams::new(dst.shape, dy.shape, &[dy], dst).by_pixel(&KERNEL, window.constants())
}
