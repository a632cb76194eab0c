//! The sum of squares of gradients, and how many are no numbers, in shares.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, part};

/// The uniform buffer; field by field as in the text.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct NormParams {
    /// Vectors of four numbers.
    pub vectors: u32,
    /// Vectors of a workgroup.
    pub share: u32,
    /// Of the sums, that of the first workgroup.
    pub first: u32,
    /// A multiple of 16 bytes, as uniform buffers want.
    pub _pad: u32,
}

/// `shaders/train/norm.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/norm",
    twin: "clip",
    parts: &[part!("shared/reduce.wgsl"), part!("train/norm.wgsl")],
    bindings: &[
        Binding { name: "params", bind: Bind::Uniform(size_of::<NormParams>()) },
        Binding { name: "gradient", bind: Bind::Read },
        Binding { name: "sums", bind: Bind::ReadWrite },
    ],
    workgroup: [64, 1, 1],
};

/// Vectors of a workgroup: two million numbers are a hundred of those.
const SHARE: usize = 1 << 12;

/// Shares of so many vectors.
pub const fn shares(vectors: usize) -> usize {
    vectors.div_ceil(SHARE)
}

/// Of so many vectors; its sums are written from `first` on.
pub fn dispatch(vectors: usize, first: usize) -> Dispatch {
    let params = NormParams { vectors: vectors as u32, share: SHARE as u32, first: first as u32, _pad: 0 };
    let workgroups = [shares(vectors) as u32, 1, 1];
    Dispatch { kernel: &KERNEL, constants: vec![], params: bytemuck::bytes_of(&params).to_vec(), workgroups }
}
