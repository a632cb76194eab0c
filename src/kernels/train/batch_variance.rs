//! Variances over all pictures.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::params::{DST, PARAMS, TrainParams, read},
};

/// `shaders/train/batch_variance.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/batch_variance",
    twin: "train/batch_variance",
    parts: &[part!("shared/train.wgsl"), part!("shared/reduce.wgsl"), part!("train/batch_variance.wgsl")],
    bindings: &[PARAMS, read("x"), read("mean"), DST],
    workgroup: [64, 1, 1],
};

/// `dst[c] = scale * sum((x[c] - mean[c])^2)`, of x and mean.
pub fn dispatch(scale: f64, reads: &[At], dst: At) -> Dispatch {
    let x = reads[0].shape;
    TrainParams { scale: scale as f32, ..TrainParams::new(x, x, reads, dst) }.by_block(&KERNEL)
}
