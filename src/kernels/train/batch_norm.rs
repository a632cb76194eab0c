//! Batch-norm by running statistics, where it is not trained.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::params::{DST, NUMBERS, PARAMS, TrainParams, read},
};

/// `shaders/train/batch_norm.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/batch_norm",
    twin: "batch_norm",
    parts: &[part!("shared/train.wgsl"), part!("train/batch_norm.wgsl")],
    bindings: &[PARAMS, read("x"), NUMBERS, DST],
    workgroup: [64, 1, 1],
};

/// `dst[c] = x[c] * factor[c] + addend[c]`
pub fn dispatch(x: At, dst: At) -> Dispatch {
    TrainParams::new(x.shape, x.shape, &[x], dst).by_pixel(&KERNEL, vec![])
}
