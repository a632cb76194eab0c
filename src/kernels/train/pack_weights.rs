//! Weights that a step has moved, in the order in which a rung of the ladder reads them.

use crate::kernels::{
    Bind, Binding, Dispatch, Kernel,
    conv::{Layout, Problem},
    part,
    train::{NUMBERS, TurnedConv, rows::rows},
};

/// The uniform buffer; field by field as in the text.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct PackParams {
    /// Packed vectors of four numbers.
    pub vectors: u32,
    /// Output channels of the packed convolution.
    pub oc: u32,
    /// Input channels of one of its groups.
    pub ic: u32,
    /// Input channels in a group of the convolution itself.
    pub group_ic: u32,
    /// Output channels in one.
    pub group_oc: u32,
    /// Channels that the convolution reads.
    pub channels: u32,
    /// Channels of a phase.
    pub phase: u32,
    /// Invocations of a row of workgroups.
    pub row: u32,
}

/// `shaders/train/pack_weights.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/pack_weights",
    twin: "conv",
    parts: &[part!("train/pack_weights.wgsl")],
    bindings: &[
        Binding { name: "params", bind: Bind::Uniform(size_of::<PackParams>()) },
        NUMBERS,
        Binding { name: "dst", bind: Bind::ReadWrite },
    ],
    workgroup: [64, 1, 1],
};

/// Of a convolution itself, to so many elements.
pub(crate) fn forwards(problem: &Problem, layout: Layout, elements: usize) -> Dispatch {
    let (group_ic, group_oc) = (problem.input.c / problem.groups, problem.output.c / problem.groups);
    let params = PackParams {
        oc: problem.output.c as u32,
        ic: group_ic as u32,
        group_ic: group_ic as u32,
        group_oc: group_oc as u32,
        channels: problem.input.c as u32,
        phase: 1,
        ..PackParams::default()
    };
    let constants = vec![("SIDE", problem.size as f64), ("SIZE", problem.size as f64)];
    call(params, constants, layout, elements)
}

/// Of a convolution's gradient, to so many elements.
pub(crate) fn backwards(turned: &TurnedConv, layout: Layout, elements: usize) -> Dispatch {
    let TurnedConv { problem, conv, input, .. } = turned;
    let (group_ic, group_oc) = (input.c / conv.groups, problem.input.c / conv.groups);
    let params = PackParams {
        oc: problem.output.c as u32,
        ic: group_oc as u32,
        group_ic: group_ic as u32,
        group_oc: group_oc as u32,
        channels: input.c as u32,
        phase: turned.phase as u32,
        ..PackParams::default()
    };
    let constants = vec![
        ("TURN", 1.0),
        ("SIDE", problem.size as f64),
        ("SIZE", conv.size as f64),
        ("STRIDE", turned.stride as f64),
        ("PAD", conv.pad as f64),
        ("FIRST", turned.first as f64),
    ];
    call(params, constants, layout, elements)
}

fn call(params: PackParams, mut constants: Vec<(&'static str, f64)>, layout: Layout, elements: usize) -> Dispatch {
    let (code, blocks) = match layout {
        Layout::Oihw => (0.0, 1),
        Layout::Depthwise => (1.0, 1),
        Layout::Panels(panels) => (if panels.by_output { 3.0 } else { 2.0 }, panels.blocks),
    };
    constants.extend([("LAYOUT", code), ("BLOCKS", blocks as f64)]);
    let vectors = elements.div_ceil(4);
    let (workgroups, row) = rows(vectors, &KERNEL);
    let params = PackParams { vectors: vectors as u32, row, ..params };
    Dispatch { kernel: &KERNEL, constants, params: bytemuck::bytes_of(&params).to_vec(), workgroups }
}
