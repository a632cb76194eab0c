//! Gradient of a slice.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::params::{DST, PARAMS, TrainParams, read},
};

/// `shaders/train/slice_grad.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/slice_grad",
    twin: "train/slice_grad",
    parts: &[part!("shared/train.wgsl"), part!("train/slice_grad.wgsl")],
    bindings: &[PARAMS, read("dy"), DST],
    workgroup: [64, 1, 1],
};

/// dy from channel `start` on, zeros elsewhere.
pub fn dispatch(start: usize, dy: At, dst: At) -> Dispatch {
    TrainParams::new(dst.shape, dy.shape, &[dy], dst).by_pixel(&KERNEL, vec![("START", start as f64)])
}
