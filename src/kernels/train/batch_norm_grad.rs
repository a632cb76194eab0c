//! Gradient of what batch-norm reads.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::params::{DST, NUMBERS, PARAMS, TrainParams, read},
};

/// `shaders/train/batch_norm_grad.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/batch_norm_grad",
    twin: "train/batch_norm_grad",
    parts: &[part!("shared/train.wgsl"), part!("shared/normal.wgsl"), part!("train/batch_norm_grad.wgsl")],
    bindings: &[PARAMS, read("x"), read("mean"), read("variance"), read("dy"), read("sums"), NUMBERS, DST],
    workgroup: [64, 1, 1],
};

/// Of x, mean, variance, dy and the gradients of gamma and beta; `count` numbers a channel.
pub fn dispatch(count: usize, reads: &[At], dst: At) -> Dispatch {
    let x = reads[0].shape;
    TrainParams { scale: (1.0 / count as f64) as f32, ..TrainParams::new(x, x, reads, dst) }.by_pixel(&KERNEL, vec![])
}
