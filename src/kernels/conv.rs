//! What every convolution kernel shares: parameters, constants, and the layouts of weights.

use crate::{
    kernels::{
        Bind, Binding, Dispatch,
        activation::ActivationKind,
        conv_coop8, conv_coop16, conv_lanes, conv_subgroup, conv_subgroup_few, conv_tiled,
        ladder::{Caps, Variant},
    },
    tensor::Shape,
};

/// Inputs that one convolution can bind side by side.
pub const MAX_PARTS: usize = 4;

/// A convolution as its kernels see it, padding and tiles aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Problem {
    /// The input, all parts together.
    pub input: Shape,
    /// The output.
    pub output: Shape,
    /// Rows and columns of the kernel.
    pub size: usize,
    /// Steps down and right.
    pub stride: (usize, usize),
    /// Zero border, in taps.
    pub pad: usize,
    /// Distance of neighbouring taps.
    pub dilation: usize,
    /// Independent groups of channels.
    pub groups: usize,
    /// Applied to sum and bias.
    pub activation: ActivationKind,
    /// Applied after the residual, if there is one.
    pub residual: Option<ActivationKind>,
}

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
    /// The same of the output.
    pub dst_batch: u32,
    /// Vectors from one problem's weights to the next.
    pub weights_batch: u32,
    /// A multiple of 16 bytes, as uniform buffers want.
    pub _pad: [u32; 3],
}

/// Group 0 of every convolution.
pub const BINDINGS: &[Binding] = &[
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

/// The call: `parts` say where the input lies, then the first blocks of output and residual.
pub fn dispatch(
    variant: Variant,
    problem: &Problem,
    caps: &Caps,
    parts: &[PartAt],
    dst_block: usize,
    residual_block: usize,
) -> Dispatch {
    let (params, mut constants) = describe(problem, parts, dst_block, residual_block);
    constants.extend(threads(variant, problem, caps));
    let [x, y] = workgroups(variant, problem);
    Dispatch {
        kernel: variant.kernel(),
        constants,
        params: bytemuck::bytes_of(&params).to_vec(),
        workgroups: [x, y, 1],
    }
}

/// `batch` products of matrices at once, `[IC, pixels]` to `[OC, pixels]` each, one behind the other in every buffer.
pub fn batched(variant: Variant, problem: &Problem, caps: &Caps, batch: usize) -> Dispatch {
    let part = PartAt { block: 0, channels: problem.input.c };
    let (mut params, mut constants) = describe(problem, &[part], 0, 0);
    params.src_batch = problem.input.blocks() as u32;
    params.dst_batch = problem.output.blocks() as u32;
    params.weights_batch = (packed_len(variant, problem) / 4) as u32;
    constants.push(("BIAS", 0.0));
    constants.extend(threads(variant, problem, caps));
    let [x, y] = workgroups(variant, problem);
    Dispatch {
        kernel: variant.kernel(),
        constants,
        params: bytemuck::bytes_of(&params).to_vec(),
        workgroups: [x, y, batch as u32],
    }
}

/// Uniform buffer and constants of a problem, tiles aside.
pub(super) fn describe(
    problem: &Problem,
    parts: &[PartAt],
    dst_block: usize,
    residual_block: usize,
) -> (ConvParams, Vec<(&'static str, f64)>) {
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
    let constants = vec![
        ("SIZE", problem.size as f64),
        ("STRIDE_Y", problem.stride.0 as f64),
        ("STRIDE_X", problem.stride.1 as f64),
        ("PAD", problem.pad as f64),
        ("DILATION", problem.dilation as f64),
        ("PARTS", parts.len() as f64),
        ("ACTIVATION", f64::from(problem.activation.code())),
        ("SLOPE", f64::from(problem.activation.slope())),
        ("RESIDUAL", f64::from(u8::from(problem.residual.is_some()))),
        ("AFTER", f64::from(after.code())),
        ("AFTER_SLOPE", f64::from(after.slope())),
    ];
    (params, constants)
}

/// The size of the workgroup, where it goes by the output or by the adapter.
fn threads(variant: Variant, problem: &Problem, caps: &Caps) -> Option<(&'static str, f64)> {
    match variant {
        Variant::Lanes => Some(("THREADS", conv_lanes::threads(problem.output.pixels()) as f64)),
        Variant::Coop8 | Variant::Coop16 => Some(("INVOCATIONS", f64::from(caps.coop.threads()))),
        _ => None,
    }
}

/// Workgroups along pixels and along blocks of output channels.
pub(super) fn workgroups(variant: Variant, problem: &Problem) -> [u32; 2] {
    let (pixels, blocks) = match variant {
        Variant::Lanes => (conv_lanes::threads(problem.output.pixels()) * conv_lanes::PIXELS, conv_lanes::TILE_BLOCKS),
        Variant::Tiled => (conv_tiled::TILE_PIXELS, conv_tiled::TILE_BLOCKS),
        Variant::Coop8 => (conv_coop8::TILE_PIXELS, conv_coop8::TILE_BLOCKS),
        Variant::Coop16 => (conv_coop16::TILE_PIXELS, conv_coop16::TILE_BLOCKS),
        Variant::Subgroup => (conv_subgroup::TILE_PIXELS, conv_subgroup::TILE_BLOCKS),
        Variant::SubgroupFew => (conv_subgroup_few::TILE_PIXELS, conv_subgroup_few::TILE_BLOCKS),
        _ => (64, 1),
    };
    [problem.output.pixels().div_ceil(pixels) as u32, problem.output.blocks().div_ceil(blocks) as u32]
}

/// Output blocks that the packed weights of an implicit GEMM keep together; none for other kernels.
const fn panel(variant: Variant) -> Option<usize> {
    match variant {
        Variant::Lanes => Some(conv_lanes::TILE_BLOCKS),
        // A workgroup has four panels.
        Variant::Tiled => Some(4),
        Variant::Coop8 => Some(conv_coop8::TILE_BLOCKS),
        Variant::Coop16 => Some(conv_coop16::TILE_BLOCKS),
        Variant::Subgroup => Some(conv_subgroup::TILE_BLOCKS),
        Variant::SubgroupFew => Some(conv_subgroup_few::TILE_BLOCKS),
        _ => None,
    }
}

/// Elements of the packed weights of a problem, for a rung that is one dispatch.
pub fn packed_len(variant: Variant, problem: &Problem) -> usize {
    let taps = problem.size * problem.size;
    match (panel(variant), variant) {
        (Some(blocks), _) => {
            problem.output.c.div_ceil(4 * blocks) * 4 * blocks * taps * problem.input.c.next_multiple_of(4)
        }
        (None, Variant::Depthwise) => problem.output.blocks() * 4 * taps,
        (None, _) => problem.output.c * (problem.input.c / problem.groups) * taps,
    }
}

/// Weights in the order in which the variant reads them, from OIHW. For several parts every part but the last has whole
/// blocks, so that input channels stay in order.
pub fn pack(variant: Variant, problem: &Problem, oihw: &[f32]) -> Vec<f32> {
    match (panel(variant), variant) {
        (Some(blocks), _) => {
            let mut packed = vec![0.0; packed_len(variant, problem)];
            pack_panels(blocks, problem, oihw, &mut packed);
            packed
        }
        (None, Variant::Depthwise) => pack_depthwise(problem, oihw),
        (None, _) => oihw.to_vec(),
    }
}

/// As [`pack`], for the products of a Winograd convolution: `transformed` is `[batch, OC, IC]`.
pub fn pack_batch(variant: Variant, problem: &Problem, transformed: &[f32]) -> Vec<f32> {
    let matrices = transformed.chunks_exact(problem.output.c * problem.input.c);
    matrices.flat_map(|matrix| pack(variant, problem, matrix)).collect()
}

/// `[C/4, SIZE * SIZE]` vectors of four channels.
fn pack_depthwise(problem: &Problem, oihw: &[f32]) -> Vec<f32> {
    let taps = problem.size * problem.size;
    let mut packed = vec![0.0; problem.output.blocks() * 4 * taps];
    for (i, w) in oihw.iter().enumerate() {
        let (c, tap) = (i / taps, i % taps);
        packed[(c / 4 * taps + tap) * 4 + c % 4] = *w;
    }
    packed
}

/// `[OC / 4 / blocks, SIZE * SIZE, IC/4, blocks, 4 input lanes]` vectors of four outputs; zero where there is no channel.
fn pack_panels(blocks: usize, problem: &Problem, oihw: &[f32], packed: &mut [f32]) {
    let taps = problem.size * problem.size;
    let ic = problem.input.c;
    let ic4 = ic.div_ceil(4);
    for (oc, filter) in oihw.chunks_exact(ic * taps).enumerate() {
        let (panel, block) = (oc / 4 / blocks, oc / 4 % blocks);
        for (i, plane) in filter.chunks_exact(taps).enumerate() {
            for (tap, w) in plane.iter().enumerate() {
                let step = (panel * taps + tap) * ic4 + i / 4;
                packed[((step * blocks + block) * 4 + i % 4) * 4 + oc % 4] = *w;
            }
        }
    }
}

/// Bias padded with zeros to whole tiles of 64 channels.
pub fn pack_bias(problem: &Problem, bias: Option<&[f32]>) -> Vec<f32> {
    let mut packed = bias.unwrap_or_default().to_vec();
    packed.resize(problem.output.c.next_multiple_of(64), 0.0);
    packed
}
