//! Gradient of an activation.

use crate::kernels::{
    Dispatch, Kernel,
    activation::ActivationKind,
    part,
    planes::At,
    train::params::{DST, PARAMS, TrainParams, read},
};

/// `shaders/train/activation_grad.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/activation_grad",
    twin: "train/activation_grad",
    parts: &[part!("shared/activation.wgsl"), part!("shared/train.wgsl"), part!("train/activation_grad.wgsl")],
    bindings: &[PARAMS, read("x"), read("dy"), DST],
    workgroup: [64, 1, 1],
};

/// `dst = dy * kind'(x)` of x and dy.
pub fn dispatch(kind: ActivationKind, reads: &[At], dst: At) -> Dispatch {
    let x = reads[0].shape;
    let constants = vec![("ACTIVATION", f64::from(kind.code())), ("SLOPE", f64::from(kind.slope()))];
    TrainParams::new(x, x, reads, dst).by_pixel(&KERNEL, constants)
}
