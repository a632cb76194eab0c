//! Gradients of mini-batches put together, over a stretch of an arena.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, part, train::rows::rows};

/// The uniform buffer; field by field as in the text.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct AccumulateParams {
    /// Vectors of four numbers.
    pub vectors: u32,
    /// Invocations of a row of workgroups.
    pub row: u32,
    /// A multiple of 16 bytes, as uniform buffers want.
    pub _pad: [u32; 2],
}

/// `shaders/train/accumulate.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/accumulate",
    twin: "sgd",
    parts: &[part!("train/accumulate.wgsl")],
    bindings: &[
        Binding { name: "params", bind: Bind::Uniform(size_of::<AccumulateParams>()) },
        Binding { name: "gradient", bind: Bind::Read },
        Binding { name: "sums", bind: Bind::ReadWrite },
    ],
    workgroup: [64, 1, 1],
};

/// `sums = gradient` for the first mini-batch of a step, `sums += gradient` for the others.
pub fn dispatch(vectors: usize, first: bool) -> Dispatch {
    let (workgroups, row) = rows(vectors, &KERNEL);
    let params = AccumulateParams { vectors: vectors as u32, row, _pad: [0; 2] };
    let constants = first.then_some(("FIRST", 1.0)).into_iter().collect();
    Dispatch { kernel: &KERNEL, constants, params: bytemuck::bytes_of(&params).to_vec(), workgroups }
}
