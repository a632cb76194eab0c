//! What the kernels of training bind: parameters, and where their sources lie.

use crate::{
    kernels::{Bind, Binding, Dispatch, Kernel, planes::At},
    tensor::Shape,
};

/// The uniform buffer; field by field as in `shaders/shared/train.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct TrainParams {
    /// Rows of what an op of the network reads.
    pub ih: u32,
    /// Columns of that.
    pub iw: u32,
    /// Rows of what the op makes of it.
    pub oh: u32,
    /// Columns of that.
    pub ow: u32,
    /// Channels of the destination.
    pub channels: u32,
    /// Pictures of the batch, side by side in every plane.
    pub pictures: u32,
    /// First block of the destination in its buffer.
    pub dst_block: u32,
    /// Of a sum.
    pub scale: f32,
    /// First block of each source in its buffer.
    pub src_block: [u32; 4],
    /// That of the fifth.
    pub last_block: u32,
    /// Channels of the first source.
    pub src_channels: u32,
    /// Channels of a convolution's input in a group.
    pub group_ic: u32,
    /// Channels of its output in a group.
    pub group_oc: u32,
}

/// Binding 0 of these kernels.
pub(super) const PARAMS: Binding = Binding { name: "params", bind: Bind::Uniform(size_of::<TrainParams>()) };

/// A source.
pub(super) const fn read(name: &'static str) -> Binding {
    Binding { name, bind: Bind::Read }
}

/// The numbers of the node, f32 in any precision: for a kernel that has them, the last binding but one.
pub const NUMBERS: Binding = read("numbers");

/// The destination.
pub(super) const DST: Binding = Binding { name: "dst", bind: Bind::ReadWrite };

impl TrainParams {
    /// Of an op that makes `y` of `x`, for a kernel with these sources.
    pub(super) fn new(x: Shape, y: Shape, reads: &[At], dst: At) -> Self {
        let block = |n: usize| reads.get(n).map_or(0, |at| at.block as u32);
        Self {
            ih: x.h as u32,
            iw: x.w as u32,
            oh: y.h as u32,
            ow: y.w as u32,
            channels: dst.shape.c as u32,
            // What sums over the batch has one value for all pictures.
            pictures: reads.iter().map(|at| at.pictures).max().unwrap_or(1) as u32,
            dst_block: dst.block as u32,
            scale: 1.0,
            src_block: [0, 1, 2, 3].map(block),
            last_block: block(4),
            src_channels: reads.first().map_or(0, |at| at.shape.c as u32),
            group_ic: 1,
            group_oc: 1,
        }
    }

    /// A call with an invocation a pixel of x, and one row of workgroups a block of the destination.
    pub(super) fn by_pixel(&self, kernel: &'static Kernel, constants: Vec<(&'static str, f64)>) -> Dispatch {
        let pixels = self.pictures * self.ih * self.iw;
        self.call(kernel, constants, pixels.div_ceil(kernel.workgroup[0]))
    }

    /// A call with a workgroup a block of the destination.
    pub(super) fn by_block(&self, kernel: &'static Kernel) -> Dispatch {
        self.call(kernel, vec![], 1)
    }

    /// A call with so many workgroups a block of the destination.
    pub(super) fn call(&self, kernel: &'static Kernel, constants: Vec<(&'static str, f64)>, along: u32) -> Dispatch {
        let params = bytemuck::bytes_of(self).to_vec();
        Dispatch { kernel, constants, params, workgroups: [along, self.channels.div_ceil(4), 1] }
    }
}
