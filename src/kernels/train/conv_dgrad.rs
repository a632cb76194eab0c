//! Gradient of what a convolution reads, by its definition.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::{
        conv_grad::ConvGrad,
        params::{DST, NUMBERS, PARAMS, TrainParams, read},
    },
};

/// `shaders/train/conv_dgrad.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/conv_dgrad",
    twin: "train/conv_dgrad",
    parts: &[part!("shared/train.wgsl"), part!("shared/conv_grad.wgsl"), part!("train/conv_dgrad.wgsl")],
    bindings: &[PARAMS, read("dy"), NUMBERS, DST],
    workgroup: [64, 1, 1],
};

/// Of dy, by the weights of the node.
pub fn dispatch(conv: ConvGrad, dy: At, dst: At) -> Dispatch {
    let params = TrainParams::new(dst.shape, dy.shape, &[dy], dst);
    conv.grouped(params, dst.shape, dy.shape).by_pixel(&KERNEL, conv.constants())
}
