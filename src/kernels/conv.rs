//! What every convolution kernel shares: parameters, constants, the ladder of variants and their weight layouts.

use crate::{
    kernels::{
        Bind, Binding, Dispatch, Kernel, activation::ActivationKind, conv_depthwise, conv_direct, conv_lanes,
        conv_tiled,
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

/// The rungs of the ladder, slowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// `conv_direct`: anything at all.
    Direct,
    /// `conv_depthwise`: one input and one output channel per group.
    Depthwise,
    /// `conv_lanes`: implicit GEMM without barriers, for software adapters.
    Lanes,
    /// `conv_tiled`: implicit GEMM through workgroup memory.
    Tiled,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Direct, Self::Depthwise, Self::Lanes, Self::Tiled];

    /// The kernel behind it.
    pub fn kernel(self) -> &'static Kernel {
        match self {
            Self::Direct => &conv_direct::KERNEL,
            Self::Depthwise => &conv_depthwise::KERNEL,
            Self::Lanes => &conv_lanes::KERNEL,
            Self::Tiled => &conv_tiled::KERNEL,
        }
    }

    /// Whether this variant can do that problem.
    pub fn takes(self, problem: &Problem) -> bool {
        match self {
            Self::Direct => true,
            Self::Depthwise => {
                problem.groups > 1 && problem.groups == problem.input.c && problem.groups == problem.output.c
            }
            Self::Lanes | Self::Tiled => problem.groups == 1,
        }
    }

    /// The best variant known for a problem, on a software adapter or a real one.
    pub fn choose(problem: &Problem, software: bool) -> Self {
        let gemm = if software { Self::Lanes } else { Self::Tiled };
        [gemm, Self::Depthwise].into_iter().find(|v| v.takes(problem)).unwrap_or(Self::Direct)
    }
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
    /// A multiple of 16 bytes, as uniform buffers want.
    pub _pad: [u32; 2],
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
    parts: &[PartAt],
    dst_block: usize,
    residual_block: usize,
) -> Dispatch {
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
        _pad: [0; 2],
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
    let pixels = problem.output.pixels();
    let blocks = problem.output.blocks();
    let (x, y) = match variant {
        Variant::Direct | Variant::Depthwise => (pixels.div_ceil(64), blocks),
        Variant::Lanes => (pixels.div_ceil(conv_lanes::TILE_PIXELS), blocks.div_ceil(conv_lanes::TILE_BLOCKS)),
        Variant::Tiled => (pixels.div_ceil(conv_tiled::TILE_PIXELS), blocks.div_ceil(conv_tiled::TILE_BLOCKS)),
    };
    Dispatch {
        kernel: variant.kernel(),
        constants,
        params: bytemuck::bytes_of(&params).to_vec(),
        workgroups: [x as u32, y as u32, 1],
    }
}

/// Elements of the packed weights of a problem.
pub fn packed_len(variant: Variant, problem: &Problem) -> usize {
    let taps = problem.size * problem.size;
    match variant {
        Variant::Direct => problem.output.c * (problem.input.c / problem.groups) * taps,
        Variant::Depthwise => problem.output.blocks() * 4 * taps,
        Variant::Lanes | Variant::Tiled => problem.output.c.div_ceil(16) * taps * problem.input.c.div_ceil(4) * 64,
    }
}

/// Weights in the order in which the variant reads them, from OIHW. For several parts every part but the last has whole
/// blocks, so that input channels stay in order.
pub fn pack(variant: Variant, problem: &Problem, oihw: &[f32]) -> Vec<f32> {
    match variant {
        Variant::Direct => oihw.to_vec(),
        Variant::Depthwise => pack_depthwise(problem, oihw),
        Variant::Lanes | Variant::Tiled => pack_tiles(problem, oihw),
    }
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

/// `[OC/16, SIZE * SIZE, IC/4, 4 output blocks, 4 input lanes]` vectors of four outputs; zero where there is no channel.
fn pack_tiles(problem: &Problem, oihw: &[f32]) -> Vec<f32> {
    let taps = problem.size * problem.size;
    let ic = problem.input.c;
    let ic4 = ic.div_ceil(4);
    let mut packed = vec![0.0; packed_len(Variant::Tiled, problem)];
    for (oc, filter) in oihw.chunks_exact(ic * taps).enumerate() {
        for (i, plane) in filter.chunks_exact(taps).enumerate() {
            for (tap, w) in plane.iter().enumerate() {
                let step = (oc / 16 * taps + tap) * ic4 + i / 4;
                packed[((step * 4 + oc % 16 / 4) * 4 + i % 4) * 4 + oc % 4] = *w;
            }
        }
    }
    packed
}

/// Bias padded with zeros to whole tiles of 16 channels.
pub fn pack_bias(problem: &Problem, bias: Option<&[f32]>) -> Vec<f32> {
    let mut packed = bias.unwrap_or_default().to_vec();
    packed.resize(problem.output.c.div_ceil(16) * 16, 0.0);
    packed
}
