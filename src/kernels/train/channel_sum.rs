//! Sums over all pictures, a channel each.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::params::{DST, PARAMS, TrainParams, read},
};

/// `shaders/train/channel_sum.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/channel_sum",
    twin: "train/channel_sum",
    parts: &[part!("shared/train.wgsl"), part!("shared/reduce.wgsl"), part!("train/channel_sum.wgsl")],
    bindings: &[PARAMS, read("src"), DST],
    workgroup: [64, 1, 1],
};

/// `dst[c] = scale * sum(src[c])`
pub fn dispatch(scale: f64, src: At, dst: At) -> Dispatch {
    TrainParams { scale: scale as f32, ..TrainParams::new(src.shape, src.shape, &[src], dst) }.by_block(&KERNEL)
}
