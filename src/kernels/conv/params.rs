//! What every convolution kernel shares: parameters, constants, and the layouts of weights.

use crate::{
    kernels::{
        Bind, Binding, Dispatch,
        activation::ActivationKind,
        conv_block, conv_coop8, conv_coop16, conv_lanes, conv_stem, conv_subgroup, conv_subgroup_few, conv_sum,
        conv_tiled,
        ladder::{Caps, Variant},
        pack::packed_len,
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
    /// Rows and columns that every pixel of the output is stored as; 1 without upsampling.
    pub upsample: usize,
    /// Pictures of the batch, side by side in every plane.
    pub pictures: usize,
    /// Bindings that the input is gathered from, at most [`MAX_PARTS`]; 1 for a value in one piece.
    pub parts: usize,
}

impl Problem {
    /// Output pixels of all pictures.
    pub const fn pixels(&self) -> usize {
        self.pictures * self.output.pixels()
    }

    /// The output as it is stored.
    pub const fn stored(&self) -> Shape {
        Shape::new(self.output.c, self.output.h * self.upsample, self.output.w * self.upsample)
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
    constants.extend(tile(variant, problem).constants(parts, caps));
    call(variant, problem, &params, constants, 1)
}

/// `batch` products of matrices at once, `[IC, pixels]` to `[OC, pixels]` each, one behind the other in every buffer.
pub fn batched(variant: Variant, problem: &Problem, caps: &Caps, batch: usize) -> Dispatch {
    let parts = [PartAt { block: 0, channels: problem.input.c }];
    let (mut params, mut constants) = describe(problem, &parts, 0, 0);
    params.src_batch = problem.input.blocks() as u32;
    params.dst_batch = problem.output.blocks() as u32;
    params.weights_batch = (packed_len(variant, problem) / 4) as u32;
    constants.push(("BIAS", 0.0));
    constants.extend(tile(variant, problem).constants(&parts, caps));
    call(variant, problem, &params, constants, batch)
}

fn call(
    variant: Variant,
    problem: &Problem,
    params: &ConvParams,
    mut constants: Vec<(&'static str, f64)>,
    batch: usize,
) -> Dispatch {
    let [x, y] = workgroups(variant, problem);
    let turned = turned(variant, problem);
    constants.extend(turned.then_some(("TURNED", 1.0)));
    let workgroups = if turned { [y, x, batch as u32] } else { [x, y, batch as u32] };
    Dispatch { kernel: variant.kernel(), constants, params: bytemuck::bytes_of(params).to_vec(), workgroups }
}

/// Whether workgroups are played pixels by pixels instead of filters by filters. A processor plays one after the other, and
/// what two in a row share is in its caches: few filters, which stay there anyway, are read again for every tile, rather than
/// the whole of a large input for every panel of filters. (1x1 of 128 channels and 128x128 pixels: 16.5 ms before, 12.9 after;
/// smaller ones do not care.)
fn turned(variant: Variant, problem: &Problem) -> bool {
    let plain = matches!(variant, Variant::Lanes | Variant::Subgroup | Variant::SubgroupFew);
    let (filters, input) = (packed_len(variant, problem), problem.input.elements() * problem.pictures);
    plain && filters <= CACHED && input > 4 * CACHED
}

/// Numbers that stay in the second level of a processor's caches.
const CACHED: usize = 1 << 17;

/// How many workgroups share the sum of a [`Variant::Split`]: as many as fill a large GPU, and at most eight, for their
/// results are written and read again.
pub fn split(problem: &Problem) -> usize {
    let [x, y] = workgroups(Variant::Split, problem);
    (FILLED / (x * y).max(1) as usize).clamp(2, 8)
}

/// Vectors of the parts of its sum.
pub fn split_vectors(problem: &Problem) -> usize {
    split(problem) * problem.output.vectors() * problem.pictures
}

/// Workgroups that keep every processor of a large GPU busy.
pub const FILLED: usize = 256;

/// The calls of a [`Variant::Split`]: parts of the sum to a value of their own, `[split, OC/4, pixels]`; their sum, with
/// the epilogue.
pub fn shared(
    problem: &Problem,
    caps: &Caps,
    parts: &[PartAt],
    dst_block: usize,
    residual_block: usize,
) -> [Dispatch; 2] {
    let split = split(problem);
    let bare = problem.bare();
    let (mut params, mut constants) = describe(&bare, parts, 0, 0);
    params.dst_batch = problem.output.blocks() as u32;
    constants.extend([("BIAS", 0.0), ("SPLIT", split as f64)]);
    constants.extend(tile(Variant::Split, problem).constants(parts, caps));
    let first = call(Variant::Split, problem, &params, constants, split);
    let between = [PartAt { block: 0, channels: problem.input.c }];
    let (params, mut constants) = describe(problem, &between, dst_block, residual_block);
    constants.push(("SPLIT", split as f64));
    let second = Dispatch {
        kernel: &conv_sum::KERNEL,
        constants,
        params: bytemuck::bytes_of(&params).to_vec(),
        workgroups: [problem.pixels().div_ceil(64) as u32, problem.output.blocks() as u32, 1],
    };
    [first, second]
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
        ("PICTURES", problem.pictures as f64),
        ("ACTIVATION", f64::from(problem.activation.code())),
        ("SLOPE", f64::from(problem.activation.slope())),
        ("RESIDUAL", f64::from(u8::from(problem.residual.is_some()))),
        ("AFTER", f64::from(after.code())),
        ("AFTER_SLOPE", f64::from(after.slope())),
        ("UPSAMPLE", problem.upsample as f64),
    ];
    (params, constants)
}

/// What a workgroup computes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    /// Output pixels.
    pub pixels: usize,
    /// Output blocks of four channels.
    pub blocks: usize,
    /// How it is told to the kernel.
    told: Told,
}

#[derive(Clone, Copy, Debug)]
enum Told {
    /// It is the kernel's own.
    Own,
    /// As so many invocations in a row.
    Threads(usize),
    /// As so many rows of so many invocations.
    Side(usize),
    /// As the invocations of four of the adapter's subgroups.
    Subgroups,
}

impl Tile {
    /// The constants of a kernel whose tile goes by the problem.
    fn constants(&self, parts: &[PartAt], caps: &Caps) -> Vec<(&'static str, f64)> {
        match self.told {
            Told::Own => vec![],
            Told::Subgroups => vec![("INVOCATIONS", f64::from(caps.coop.threads()))],
            Told::Threads(threads) => vec![("THREADS", threads as f64)],
            Told::Side(side) => {
                let blocks: Vec<usize> = parts.iter().map(|part| part.channels.div_ceil(4)).collect();
                let depth = conv_block::depth(&blocks);
                vec![("LANES", side as f64), ("ROWS", side as f64), ("DEPTH", depth as f64)]
            }
        }
    }
}

/// The tile of a rung, or of the products of one.
pub(super) fn tile(variant: Variant, problem: &Problem) -> Tile {
    let own = |pixels, blocks| Tile { pixels, blocks, told: Told::Own };
    // Four by four fragments of so many rows.
    let coop = |side: usize| Tile { pixels: 4 * side, blocks: side, told: Told::Subgroups };
    let block = |side: usize| Tile {
        pixels: conv_block::PIXELS * side,
        blocks: conv_block::BLOCKS * side,
        told: Told::Side(side),
    };
    match variant {
        Variant::Stem => own(conv_stem::TILE_PIXELS, conv_stem::TILE_BLOCKS),
        Variant::Lanes => {
            let threads = conv_lanes::threads(problem.pixels());
            let pixels = threads * conv_lanes::PIXELS;
            Tile { pixels, blocks: conv_lanes::TILE_BLOCKS, told: Told::Threads(threads) }
        }
        Variant::Tiled => own(conv_tiled::TILE_PIXELS, conv_tiled::TILE_BLOCKS),
        Variant::Block64 | Variant::Split => block(conv_block::SMALL),
        Variant::Block128 => block(conv_block::LARGE),
        Variant::Coop8 => coop(conv_coop8::SIDE),
        Variant::Coop16 => coop(conv_coop16::SIDE),
        Variant::Subgroup => own(conv_subgroup::TILE_PIXELS, conv_subgroup::TILE_BLOCKS),
        Variant::SubgroupFew => own(conv_subgroup_few::TILE_PIXELS, conv_subgroup_few::TILE_BLOCKS),
        Variant::Direct | Variant::Depthwise | Variant::Winograd2 | Variant::Winograd4 => own(64, 1),
    }
}

/// Workgroups along pixels and along blocks of output channels.
pub(super) fn workgroups(variant: Variant, problem: &Problem) -> [u32; 2] {
    let Tile { pixels, blocks, .. } = tile(variant, problem);
    [problem.pixels().div_ceil(pixels) as u32, problem.output.blocks().div_ceil(blocks) as u32]
}
