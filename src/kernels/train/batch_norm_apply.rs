//! Batch-norm by the statistics of a batch.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::params::{DST, NUMBERS, PARAMS, TrainParams, read},
};

/// `shaders/train/batch_norm_apply.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/batch_norm_apply",
    twin: "train/batch_norm_apply",
    parts: &[part!("shared/train.wgsl"), part!("shared/normal.wgsl"), part!("train/batch_norm_apply.wgsl")],
    bindings: &[PARAMS, read("x"), read("mean"), read("variance"), NUMBERS, DST],
    workgroup: [64, 1, 1],
};

/// Of x, mean and variance, `dst = gamma * (x - mean) / sqrt(variance + EPS) + beta`.
pub fn dispatch(reads: &[At], dst: At) -> Dispatch {
    let x = reads[0].shape;
    TrainParams::new(x, x, reads, dst).by_pixel(&KERNEL, vec![])
}
