//! Gradients of gamma and beta.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::params::{DST, PARAMS, TrainParams, read},
};

/// `shaders/train/batch_norm_sums.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/batch_norm_sums",
    twin: "train/batch_norm_sums",
    parts: &[
        part!("shared/train.wgsl"),
        part!("shared/reduce.wgsl"),
        part!("shared/normal.wgsl"),
        part!("train/batch_norm_sums.wgsl"),
    ],
    bindings: &[PARAMS, read("x"), read("mean"), read("variance"), read("dy"), DST],
    workgroup: [64, 1, 1],
};

/// Of x, mean, variance and dy, for each channel `sum(dy * normal(x))` and `sum(dy)`.
pub fn dispatch(reads: &[At], dst: At) -> Dispatch {
    let x = reads[0].shape;
    TrainParams::new(x, x, reads, dst).by_block(&KERNEL)
}
