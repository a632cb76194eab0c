//! What the kernels share that map one value to another plane by plane.

use crate::{
    kernels::{Bind, Binding, Dispatch, Kernel},
    tensor::Shape,
};

/// The uniform buffer; field by field as in `shaders/shared/planes.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct PlaneParams {
    /// Rows of the source.
    pub ih: u32,
    /// Columns of the source.
    pub iw: u32,
    /// Rows of the destination.
    pub oh: u32,
    /// Columns of the destination.
    pub ow: u32,
    /// Channels of the destination.
    pub channels: u32,
    /// First block of the source in its buffer.
    pub src_block: u32,
    /// First block of the destination in its buffer.
    pub dst_block: u32,
    /// Pictures of the batch, side by side in every plane.
    pub pictures: u32,
}

/// Group 0.
pub const BINDINGS: &[Binding] = &[
    Binding { name: "params", bind: Bind::Uniform(size_of::<PlaneParams>()) },
    Binding { name: "src", bind: Bind::Read },
    Binding { name: "dst", bind: Bind::ReadWrite },
];

/// A value in its buffer, `[C/4, pictures, H, W]` vectors: shape of one picture's, and first block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Channels, rows, columns.
    pub shape: Shape,
    /// First block of four channels.
    pub block: usize,
    /// Pictures of the batch.
    pub pictures: usize,
}

impl At {
    /// Vectors of one plane.
    pub const fn plane(&self) -> usize {
        self.pictures * self.shape.pixels()
    }
}

/// A call with 64 invocations along the destination's pixels, and one row of workgroups per block of `blocks`.
pub fn dispatch(
    kernel: &'static Kernel,
    constants: Vec<(&'static str, f64)>,
    src: At,
    dst: At,
    blocks: usize,
) -> Dispatch {
    let params = PlaneParams {
        ih: src.shape.h as u32,
        iw: src.shape.w as u32,
        oh: dst.shape.h as u32,
        ow: dst.shape.w as u32,
        channels: dst.shape.c as u32,
        src_block: src.block as u32,
        dst_block: dst.block as u32,
        pictures: dst.pictures as u32,
    };
    Dispatch {
        kernel,
        constants,
        params: bytemuck::bytes_of(&params).to_vec(),
        workgroups: [dst.plane().div_ceil(64) as u32, blocks as u32, 1],
    }
}

/// The window of a pool, as `shaders/shared/window.wgsl` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows and columns.
    pub size: usize,
    /// Steps down and right.
    pub stride: (usize, usize),
    /// How far before the output's pixel it starts: `padding / 2`.
    pub offset: usize,
}

impl Window {
    /// As kernels are told.
    pub fn constants(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("SIZE", self.size as f64),
            ("STRIDE_Y", self.stride.0 as f64),
            ("STRIDE_X", self.stride.1 as f64),
            ("OFFSET", self.offset as f64),
        ]
    }
}
