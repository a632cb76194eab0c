//! A step of gradient descent, over a stretch of an arena.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, part, train::rows::rows};

/// The uniform buffer; field by field as in the text.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct SgdParams {
    /// Vectors of four numbers.
    pub vectors: u32,
    /// Invocations of a row of workgroups.
    pub row: u32,
    /// The learning rate over the pictures of a step.
    pub rate: f32,
    /// That of every second vector: of betas, which lie behind gammas.
    pub odd_rate: f32,
    /// What is left of a step for the next one.
    pub momentum: f32,
    /// Decay of the pictures of a step together.
    pub decay: f32,
    /// Nesterov's momentum: how much of itself a step goes beyond, 0 for none.
    pub ahead: f32,
    /// A multiple of 16 bytes, as uniform buffers want.
    pub _pad: u32,
}

/// `shaders/train/sgd.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/sgd",
    twin: "sgd",
    parts: &[part!("train/sgd.wgsl")],
    bindings: &[
        Binding { name: "params", bind: Bind::Uniform(size_of::<SgdParams>()) },
        Binding { name: "gradient", bind: Bind::Read },
        Binding { name: "numbers", bind: Bind::ReadWrite },
        Binding { name: "velocity", bind: Bind::ReadWrite },
        Binding { name: "norm", bind: Bind::Read },
    ],
    workgroup: [64, 1, 1],
};

/// Over so many vectors; what the step is made of is written to its parameters each time.
pub fn dispatch(vectors: usize) -> Dispatch {
    let (workgroups, row) = rows(vectors, &KERNEL);
    let params = SgdParams { vectors: vectors as u32, row, ..SgdParams::default() };
    Dispatch { kernel: &KERNEL, constants: vec![], params: bytemuck::bytes_of(&params).to_vec(), workgroups }
}
