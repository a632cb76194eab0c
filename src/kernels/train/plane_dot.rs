//! Sums of products, a plane each.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::params::{DST, PARAMS, TrainParams, read},
};

/// `shaders/train/plane_dot.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/plane_dot",
    twin: "train/plane_dot",
    parts: &[part!("shared/train.wgsl"), part!("shared/reduce.wgsl"), part!("train/plane_dot.wgsl")],
    bindings: &[PARAMS, read("a"), read("b"), DST],
    workgroup: [64, 1, 1],
};

/// `dst[c] = sum(a[c] * b[c])`; one workgroup per picture and block.
pub fn dispatch(reads: &[At], dst: At) -> Dispatch {
    let x = reads[0].shape;
    let params = TrainParams::new(x, x, reads, dst);
    params.call(&KERNEL, vec![], params.pictures)
}
