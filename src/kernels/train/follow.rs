//! Running statistics after a batch.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, part, planes::At};

/// The uniform buffer; field by field as in the text.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct FollowParams {
    /// Blocks of four channels.
    pub blocks: u32,
    /// First block of the batch's in their buffer.
    pub first: u32,
    /// Of the way to the batch's.
    pub share: f32,
    /// Of what the batch has.
    pub factor: f32,
}

/// `shaders/train/follow.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/follow",
    twin: "twin",
    parts: &[part!("train/follow.wgsl")],
    bindings: &[
        Binding { name: "params", bind: Bind::Uniform(size_of::<FollowParams>()) },
        Binding { name: "batch", bind: Bind::Read },
        Binding { name: "running", bind: Bind::ReadWrite },
    ],
    workgroup: [64, 1, 1],
};

/// `running += share * (factor * batch - running)`; the share is written to its parameters each time.
pub fn dispatch(factor: f64, batch: At) -> Dispatch {
    let blocks = batch.shape.blocks() as u32;
    let params = FollowParams { blocks, first: batch.block as u32, share: 0.0, factor: factor as f32 };
    let workgroups = [blocks.div_ceil(KERNEL.workgroup[0]), 1, 1];
    Dispatch { kernel: &KERNEL, constants: vec![], params: bytemuck::bytes_of(&params).to_vec(), workgroups }
}
