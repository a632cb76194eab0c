//! Gradient of a max pool.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::{At, Window},
    train::params::{DST, PARAMS, TrainParams, read},
};

/// `shaders/train/max_pool_grad.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/max_pool_grad",
    twin: "train/max_pool_grad",
    parts: &[part!("shared/train.wgsl"), part!("shared/gather.wgsl"), part!("train/max_pool_grad.wgsl")],
    bindings: &[PARAMS, read("x"), read("dy"), DST],
    workgroup: [64, 1, 1],
};

/// Of x and dy.
pub fn dispatch(window: Window, reads: &[At], dst: At) -> Dispatch {
    TrainParams::new(reads[0].shape, reads[1].shape, reads, dst).by_pixel(&KERNEL, window.constants())
}
