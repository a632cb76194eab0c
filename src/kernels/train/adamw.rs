//! A step of AdamW, over a stretch of an arena.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, part, train::rows::rows};

/// The uniform buffer; field by field as in the text.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct AdamwParams {
    /// Vectors of four numbers.
    pub vectors: u32,
    /// Invocations of a row of workgroups.
    pub row: u32,
    /// The learning rate.
    pub rate: f32,
    /// That of every second vector: of betas, which lie behind gammas.
    pub odd_rate: f32,
    /// What is left of the average of gradients.
    pub momentum: f32,
    /// What is left of the average of squares.
    pub second: f32,
    /// How much of itself a number loses, before the rate.
    pub decay: f32,
    /// 1 over the pictures of a step.
    pub one: f32,
    /// 1 over how much of the average of gradients there is by now.
    pub first_whole: f32,
    /// 1 over how much of the average of squares there is by now.
    pub second_whole: f32,
    /// Added to the root.
    pub least: f32,
    /// A multiple of 16 bytes, as uniform buffers want.
    pub _pad: u32,
}

/// `shaders/train/adamw.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/adamw",
    twin: "adamw",
    parts: &[part!("train/adamw.wgsl")],
    bindings: &[
        Binding { name: "params", bind: Bind::Uniform(size_of::<AdamwParams>()) },
        Binding { name: "gradient", bind: Bind::Read },
        Binding { name: "numbers", bind: Bind::ReadWrite },
        Binding { name: "velocity", bind: Bind::ReadWrite },
        Binding { name: "norm", bind: Bind::Read },
        Binding { name: "squares", bind: Bind::ReadWrite },
    ],
    workgroup: [64, 1, 1],
};

/// Over so many vectors; what the step is made of is written to its parameters each time.
pub fn dispatch(vectors: usize) -> Dispatch {
    let (workgroups, row) = rows(vectors, &KERNEL);
    let params = AdamwParams { vectors: vectors as u32, row, ..AdamwParams::default() };
    Dispatch { kernel: &KERNEL, constants: vec![], params: bytemuck::bytes_of(&params).to_vec(), workgroups }
}
