//! What the kernels share that join two values elementwise.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, planes::At};

/// The uniform buffer; field by field as in `shaders/shared/pairs.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct PairParams {
    /// Vectors of one plane of the destination.
    pub pixels: u32,
    /// Channels of the destination.
    pub channels: u32,
    /// First block of `a` in its buffer.
    pub a_block: u32,
    /// First block of `b` in its buffer.
    pub b_block: u32,
    /// First block of the destination in its buffer.
    pub dst_block: u32,
    /// Channels of `b`.
    pub b_channels: u32,
    /// Pictures of the batch, side by side in every plane.
    pub pictures: u32,
    /// A multiple of 16 bytes, as uniform buffers want.
    pub _pad: u32,
}

/// Group 0.
pub const BINDINGS: &[Binding] = &[
    Binding { name: "params", bind: Bind::Uniform(size_of::<PairParams>()) },
    Binding { name: "a", bind: Bind::Read },
    Binding { name: "b", bind: Bind::Read },
    Binding { name: "dst", bind: Bind::ReadWrite },
];

/// A call with 64 invocations along the pixels, and one row of workgroups per block of the destination.
pub fn dispatch(kernel: &'static Kernel, constants: Vec<(&'static str, f64)>, a: At, b: At, dst: At) -> Dispatch {
    let params = PairParams {
        pixels: dst.plane() as u32,
        channels: dst.shape.c as u32,
        a_block: a.block as u32,
        b_block: b.block as u32,
        dst_block: dst.block as u32,
        b_channels: b.shape.c as u32,
        pictures: dst.pictures as u32,
        _pad: 0,
    };
    Dispatch {
        kernel,
        constants,
        params: bytemuck::bytes_of(&params).to_vec(),
        workgroups: [dst.plane().div_ceil(64) as u32, dst.shape.blocks() as u32, 1],
    }
}
