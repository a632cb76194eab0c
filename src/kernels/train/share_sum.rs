//! The sums of shares, added.

use crate::{
    kernels::{
        Dispatch, Kernel, part,
        planes::At,
        train::params::{DST, PARAMS, TrainParams, read},
    },
    tensor::Shape,
};

/// `shaders/train/share_sum.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/share_sum",
    twin: "train/conv_wgrad",
    parts: &[part!("shared/train.wgsl"), part!("train/share_sum.wgsl")],
    bindings: &[PARAMS, read("src"), DST],
    workgroup: [64, 1, 1],
};

/// Of so many shares, one behind the other.
pub fn dispatch(shares: usize, dst: At) -> Dispatch {
    let none = Shape::new(0, 0, 0);
    TrainParams::new(dst.shape, none, &[At { pictures: 1, ..dst }], dst)
        .by_pixel(&KERNEL, vec![("SHARES", shares as f64)])
}
