//! The ladder of convolution kernels: which rungs there are, which problems each can do, and which is taken unmeasured.

use crate::kernels::{
    Kernel, Precision,
    conv::{self, Problem},
    conv_block, conv_coop8, conv_coop16, conv_depthwise, conv_direct, conv_lanes, conv_stem, conv_subgroup,
    conv_subgroup_few, conv_tiled, pack,
    winograd::Tile,
};

/// What an adapter can do, as far as the choice of a convolution goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// A processor does the work.
    pub software: bool,
    /// Subgroup operations are there, in subgroups of 8 lanes or more.
    pub subgroup: bool,
    /// Values are stored in 16 bits.
    pub half: bool,
    /// What there is of cooperative matrices, in this storage.
    pub coop: Coop,
    /// Largest storage binding, in bytes.
    pub binding: usize,
}

impl Caps {
    /// How values are stored.
    pub const fn precision(&self) -> Precision {
        if self.half { Precision::F16 } else { Precision::F32 }
    }

    /// Bytes of four channels.
    pub const fn vector(&self) -> usize {
        if self.half { 8 } else { 16 }
    }
}

/// Cooperative matrices: square ones, whose products are summed in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coop {
    /// Those of 8x8 are there.
    pub eight: bool,
    /// Those of 16x16 are there.
    pub sixteen: bool,
    /// Lanes of every subgroup; 0 where a driver may choose, as a workgroup must be four of them.
    pub lanes: u32,
}

impl Coop {
    /// Whether the kernel for fragments of `side` rows can run: a workgroup is a multiple of its tile, and no larger than
    /// every adapter allows.
    const fn takes(self, side: usize) -> bool {
        let there = match side {
            conv_coop8::SIDE => self.eight,
            conv_coop16::SIDE => self.sixteen,
            _ => false,
        };
        there && self.lanes > 0 && self.lanes <= 64 && (self.lanes as usize).is_multiple_of(side)
    }

    /// Invocations of a workgroup.
    pub(super) const fn threads(self) -> u32 {
        4 * self.lanes
    }
}

/// Workgroups in one direction that every adapter allows.
const MAX_WORKGROUPS: u32 = 65_535;

/// The rungs of the ladder, slowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// `conv_direct`: anything at all.
    Direct,
    /// `conv_depthwise`: one input and one output channel per group.
    Depthwise,
    /// `conv_stem`: up to four input channels.
    Stem,
    /// `conv_lanes`: implicit GEMM without barriers, for software adapters.
    Lanes,
    /// `conv_tiled`: implicit GEMM through workgroup memory.
    Tiled,
    /// `conv_block`: the same with 64 output channels by 64 pixels in the registers of a workgroup.
    Block64,
    /// `conv_block` with 128 by 128.
    Block128,
    /// `conv_block`, the sum shared among workgroups: for deep layers of few pixels. Two dispatches.
    Split,
    /// `conv_coop8`: implicit GEMM by cooperative matrices of 8x8.
    Coop8,
    /// `conv_coop16`: the same of 16x16.
    Coop16,
    /// `conv_subgroup`: implicit GEMM without barriers, weights handed round in subgroups.
    Subgroup,
    /// `conv_subgroup_few`: the same for few pixels.
    SubgroupFew,
    /// Winograd F(2x2, 3x3): 2.25 times fewer multiplications.
    Winograd2,
    /// Winograd F(4x4, 3x3): 4 times fewer multiplications, and up to a decimal lost in single numbers.
    Winograd4,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Direct,
        Self::Depthwise,
        Self::Stem,
        Self::Lanes,
        Self::Tiled,
        Self::Block64,
        Self::Block128,
        Self::Split,
        Self::Coop8,
        Self::Coop16,
        Self::Subgroup,
        Self::SubgroupFew,
        Self::Winograd2,
        Self::Winograd4,
    ];

    /// As reports and the tuning cache spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Depthwise => "depthwise",
            Self::Stem => "stem",
            Self::Lanes => "lanes",
            Self::Tiled => "tiled",
            Self::Block64 => "block64",
            Self::Block128 => "block128",
            Self::Split => "split",
            Self::Coop8 => "coop8",
            Self::Coop16 => "coop16",
            Self::Subgroup => "subgroup",
            Self::SubgroupFew => "subgroup-few",
            Self::Winograd2 => "winograd2",
            Self::Winograd4 => "winograd4",
        }
    }

    /// Output pixels along a side of a Winograd tile.
    pub const fn winograd(self) -> Option<Tile> {
        match self {
            Self::Winograd2 => Some(Tile::Two),
            Self::Winograd4 => Some(Tile::Four),
            Self::Direct
            | Self::Depthwise
            | Self::Stem
            | Self::Lanes
            | Self::Tiled
            | Self::Block64
            | Self::Block128
            | Self::Split
            | Self::Coop8
            | Self::Coop16
            | Self::Subgroup
            | Self::SubgroupFew => None,
        }
    }

    /// The kernel of a rung that is one dispatch.
    pub(super) fn kernel(self) -> &'static Kernel {
        match self {
            Self::Direct | Self::Winograd2 | Self::Winograd4 => &conv_direct::KERNEL,
            Self::Depthwise => &conv_depthwise::KERNEL,
            Self::Stem => &conv_stem::KERNEL,
            Self::Lanes => &conv_lanes::KERNEL,
            Self::Tiled => &conv_tiled::KERNEL,
            Self::Block64 | Self::Block128 | Self::Split => &conv_block::KERNEL,
            Self::Coop8 => &conv_coop8::KERNEL,
            Self::Coop16 => &conv_coop16::KERNEL,
            Self::Subgroup => &conv_subgroup::KERNEL,
            Self::SubgroupFew => &conv_subgroup_few::KERNEL,
        }
    }

    /// Whether this is an implicit GEMM in one dispatch: it multiplies as often as the definition does.
    pub const fn is_gemm(self) -> bool {
        match self {
            Self::Lanes
            | Self::Tiled
            | Self::Block64
            | Self::Block128
            | Self::Coop8
            | Self::Coop16
            | Self::Subgroup
            | Self::SubgroupFew => true,
            Self::Direct | Self::Depthwise | Self::Stem | Self::Split | Self::Winograd2 | Self::Winograd4 => false,
        }
    }

    /// Whether this may be the fastest on such an adapter. On a processor barriers cost more than anything; on a GPU it is
    /// the lanes that wait for memory.
    pub const fn suits(self, caps: &Caps) -> bool {
        match self {
            Self::Direct => false,
            Self::Depthwise | Self::Winograd2 | Self::Winograd4 => true,
            Self::Stem | Self::Tiled | Self::Block64 | Self::Block128 | Self::Split | Self::Coop8 | Self::Coop16 => {
                !caps.software
            }
            Self::Lanes => caps.software && !caps.subgroup,
            Self::Subgroup | Self::SubgroupFew => caps.software && caps.subgroup,
        }
    }

    /// Whether this variant can do that problem on such an adapter.
    pub fn takes(self, problem: &Problem, caps: &Caps) -> bool {
        let workgroups = conv::workgroups(self, problem);
        // Filters are padded to whole tiles.
        let filters = pack::packed_len(self, problem) / 4 * caps.vector() <= caps.binding;
        let fits = filters && workgroups.into_iter().all(|n| n <= MAX_WORKGROUPS);
        match self {
            Self::Direct => true,
            Self::Winograd2 => Tile::Two.takes(problem, caps),
            // In 16 bits the values at the points of F(4x4) lose too much.
            Self::Winograd4 => !caps.half && Tile::Four.takes(problem, caps),
            // Direct has more workgroups than any other, and filters that are not padded: what cannot do that is refused.
            _ if !fits => false,
            Self::Depthwise => {
                problem.groups > 1 && problem.groups == problem.input.c && problem.groups == problem.output.c
            }
            Self::Coop8 => problem.groups == 1 && caps.coop.takes(conv_coop8::SIDE),
            Self::Coop16 => problem.groups == 1 && caps.coop.takes(conv_coop16::SIDE),
            Self::Stem => problem.groups == 1 && problem.input.c <= 4 && problem.size <= conv_stem::MAX_SIZE,
            Self::Lanes | Self::Tiled | Self::Block64 | Self::Block128 => problem.groups == 1,
            Self::Split => {
                let idle = workgroups.iter().product::<u32>() < conv::FILLED as u32;
                problem.groups == 1
                    && problem.input.blocks() >= 8
                    && idle
                    && conv::split_vectors(problem) * caps.vector() <= caps.binding
            }
            Self::Subgroup | Self::SubgroupFew => problem.groups == 1 && caps.subgroup,
        }
    }

    /// The best implicit GEMM of an adapter for an output of so many pixels.
    pub const fn gemm(pixels: usize, caps: &Caps) -> Self {
        match (caps.software, caps.subgroup) {
            (true, true) => {
                // Tiles that are cut off cost as much as whole ones.
                let few = pixels.next_multiple_of(conv_subgroup_few::TILE_PIXELS);
                let many = pixels.next_multiple_of(conv_subgroup::TILE_PIXELS);
                if few * 5 < many * 4 { Self::SubgroupFew } else { Self::Subgroup }
            }
            (true, false) => Self::Lanes,
            // A guess, as no card was at hand: tensor cores multiply several times as fast as lanes do. Tuning decides.
            (false, _) if caps.coop.takes(conv_coop16::SIDE) => Self::Coop16,
            (false, _) => Self::Block64,
        }
    }

    /// The best variant known for a problem without measuring.
    pub fn choose(problem: &Problem, caps: &Caps) -> Self {
        // Below this the transforms cost more than they save.
        let worth = caps.software && problem.input.c.min(problem.output.c) >= 16 && problem.pixels() >= 16;
        let winograd = [Self::Winograd4, Self::Winograd2].into_iter().filter(|_| worth);
        // The input of a picture has three channels: most of a fragment, or of a deep tile, would be zeros.
        let stem = (!caps.software).then_some(Self::Stem);
        let gemm = [Self::gemm(problem.pixels(), caps), Self::Lanes];
        let mut known = winograd.chain(stem).chain(gemm).chain([Self::Depthwise]);
        known.find(|v| v.takes(problem, caps)).unwrap_or(Self::Direct)
    }
}
