//! The phases of a gradient, put side by side.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::params::{DST, PARAMS, TrainParams, read},
};

/// `shaders/train/interleave.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/interleave",
    twin: "train/conv_dgrad",
    parts: &[part!("shared/train.wgsl"), part!("train/interleave.wgsl")],
    bindings: &[PARAMS, read("src"), DST],
    workgroup: [64, 1, 1],
};

/// Of phases one above the other in channels, each `src` large, from the beginning of their buffer on.
pub fn dispatch(stride: usize, src: At, dst: At) -> Dispatch {
    TrainParams::new(dst.shape, src.shape, &[src], dst).by_pixel(&KERNEL, vec![("STRIDE", stride as f64)])
}
