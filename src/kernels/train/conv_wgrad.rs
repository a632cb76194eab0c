//! Gradient of a convolution's weights, by its definition.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::At,
    train::{
        conv_grad::ConvGrad,
        params::{DST, PARAMS, TrainParams, read},
    },
};

/// `shaders/train/conv_wgrad.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/conv_wgrad",
    twin: "train/conv_wgrad",
    parts: &[part!("shared/train.wgsl"), part!("shared/conv_grad.wgsl"), part!("train/conv_wgrad.wgsl")],
    bindings: &[PARAMS, read("x"), read("dy"), DST],
    workgroup: [64, 1, 1],
};

/// Of x and dy: `[OC/4, IC / groups, SIZE, SIZE]` vectors of four outputs.
pub fn dispatch(conv: ConvGrad, reads: &[At], dst: At) -> Dispatch {
    let (x, y) = (reads[0].shape, reads[1].shape);
    let params = conv.grouped(TrainParams::new(x, y, reads, dst), x, y);
    params.call(&KERNEL, conv.constants(), (dst.shape.pixels() as u32).div_ceil(KERNEL.workgroup[0]))
}
