//! Numbers that follow others by a share of the way.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, part, train::rows::rows};

/// The uniform buffer; field by field as in the text.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct FollowParams {
    /// Vectors of four numbers.
    pub vectors: u32,
    /// Invocations of a row of workgroups.
    pub row: u32,
    /// Vector of the others that the first one follows.
    pub first: u32,
    /// Of the way to the others.
    pub share: f32,
    /// Of the others.
    pub factor: f32,
    /// A multiple of 16 bytes, as uniform buffers want.
    pub _pad: [u32; 3],
}

/// `shaders/train/follow.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/follow",
    twin: "twin",
    parts: &[part!("train/follow.wgsl")],
    bindings: &[
        Binding { name: "params", bind: Bind::Uniform(size_of::<FollowParams>()) },
        Binding { name: "others", bind: Bind::Read },
        Binding { name: "own", bind: Bind::ReadWrite },
    ],
    workgroup: [64, 1, 1],
};

/// `own += share * (factor * others - own)` for so many vectors, of the others from `first` on; the share is written to its parameters each time.
pub fn dispatch(vectors: usize, first: usize, factor: f64) -> Dispatch {
    let (workgroups, row) = rows(vectors, &KERNEL);
    let params = FollowParams {
        vectors: vectors as u32,
        row,
        first: first as u32,
        factor: factor as f32,
        ..FollowParams::default()
    };
    Dispatch { kernel: &KERNEL, constants: vec![], params: bytemuck::bytes_of(&params).to_vec(), workgroups }
}
