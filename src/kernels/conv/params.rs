//! What every convolution kernel binds: parameters, constants, and where its input lies.

use crate::kernels::{Bind, Binding, activation::ActivationKind, conv::Problem};

/// Inputs that one convolution can bind side by side.
pub const MAX_PARTS: usize = 4;

/// The uniform buffer of a convolution; field by field as in `shaders/shared/conv.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct ConvParams {
    /// Input rows.
    pub ih: u32,
    /// Input columns.
    pub iw: u32,
    /// Output rows.
    pub oh: u32,
    /// Output columns.
    pub ow: u32,
    /// Input blocks of four channels.
    pub ic4: u32,
    /// Output channels.
    pub oc: u32,
    /// Input channels per group.
    pub group_ic: u32,
    /// Output channels per group.
    pub group_oc: u32,
    /// First block of each part in its buffer.
    pub src_block: [u32; 4],
    /// Input block after each part.
    pub part_end: [u32; 4],
    /// First block of the output in its buffer.
    pub dst_block: u32,
    /// First block of the residual in its buffer.
    pub residual_block: u32,
    /// Blocks from one problem of a batch to the next, in part 0.
    pub src_batch: u32,
    /// Blocks from one problem of a batch to the next, in the output.
    pub dst_batch: u32,
    /// Vectors from one problem's weights to the next.
    pub weights_batch: u32,
    /// A multiple of 16 bytes, as uniform buffers want.
    pub _pad: [u32; 3],
}

/// Group 0 of every convolution.
pub(super) const BINDINGS: &[Binding] = &[
    Binding { name: "params", bind: Bind::Uniform(size_of::<ConvParams>()) },
    Binding { name: "src0", bind: Bind::Read },
    Binding { name: "src1", bind: Bind::Read },
    Binding { name: "src2", bind: Bind::Read },
    Binding { name: "src3", bind: Bind::Read },
    Binding { name: "weights", bind: Bind::Read },
    Binding { name: "bias", bind: Bind::Read },
    Binding { name: "residual", bind: Bind::Read },
    Binding { name: "dst", bind: Bind::ReadWrite },
];

/// One part of the input in its buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartAt {
    /// First block.
    pub block: usize,
    /// Channels.
    pub channels: usize,
}

/// `override` constants by name.
pub(super) type Constants = Vec<(&'static str, f64)>;

/// Uniform buffer and constants of a problem, tiles aside; first blocks of output and residual.
pub(super) fn describe(
    problem: &Problem,
    parts: &[PartAt],
    dst_block: usize,
    residual_block: usize,
) -> (ConvParams, Constants) {
    let mut src_block = [0; 4];
    let mut part_end = [0; 4];
    let mut blocks = 0;
    for (i, part) in parts.iter().take(MAX_PARTS).enumerate() {
        blocks += part.channels.div_ceil(4);
        src_block[i] = part.block as u32;
        part_end[i] = blocks as u32;
    }
    let params = ConvParams {
        ih: problem.input.h as u32,
        iw: problem.input.w as u32,
        oh: problem.output.h as u32,
        ow: problem.output.w as u32,
        ic4: blocks as u32,
        oc: problem.output.c as u32,
        group_ic: (problem.input.c / problem.groups) as u32,
        group_oc: (problem.output.c / problem.groups) as u32,
        src_block,
        part_end,
        dst_block: dst_block as u32,
        residual_block: residual_block as u32,
        ..ConvParams::default()
    };
    let after = problem.residual.unwrap_or(ActivationKind::Linear);
    let mut constants = vec![
        ("SIZE", problem.size as f64),
        ("STRIDE_Y", problem.stride.0 as f64),
        ("STRIDE_X", problem.stride.1 as f64),
        ("PAD", problem.pad as f64),
        ("DILATION", problem.dilation as f64),
        ("PARTS", parts.len() as f64),
        ("PICTURES", problem.pictures as f64),
        ("ACTIVATION", f64::from(problem.activation.code())),
        ("SLOPE", f64::from(problem.activation.slope())),
        ("RESIDUAL", f64::from(u8::from(problem.residual.is_some()))),
        ("AFTER", f64::from(after.code())),
        ("AFTER_SLOPE", f64::from(after.slope())),
        ("UPSAMPLE", problem.upsample as f64),
    ];
    constants.extend(problem.sees_beyond().then_some(("BEYOND", 1.0)));
    (params, constants)
}
