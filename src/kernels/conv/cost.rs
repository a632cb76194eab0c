//! What a rung of the ladder really does for a convolution: its operations, tiles that are cut off included, and its bytes.

use crate::kernels::{
    Precision,
    activation::ActivationKind,
    conv::{self, Problem},
    ladder::{Caps, Variant},
    pack,
    winograd::Tile,
};

/// Work of one convolution on one rung.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Operations, two a multiply-add; a tile that is cut off counts as a whole one.
    pub flop: f64,
    /// Bytes from and to storage, every value once by every dispatch that reads or writes it.
    pub bytes: f64,
    /// Dispatches.
    pub dispatches: usize,
}

impl Problem {
    /// Operations by definition, two a multiply-add.
    pub fn flop(&self) -> f64 {
        let taps = (self.input.c / self.groups) as f64 * (self.size * self.size) as f64;
        2.0 * (self.pictures * self.output.elements()) as f64 * taps
    }

    /// Without an epilogue: what two convolutions of one speed have in common.
    pub fn bare(&self) -> Self {
        Self { activation: ActivationKind::Linear, residual: None, upsample: 1, ..*self }
    }
}

impl Cost {
    /// Of a rung that takes the problem.
    pub fn of(variant: Variant, problem: &Problem, precision: Precision, caps: &Caps) -> Self {
        let bytes = |vectors: usize| (vectors * 4 * precision.bytes()) as f64;
        let [input, output, stored] =
            [problem.input, problem.output, problem.stored()].map(|s| s.vectors() * problem.pictures);
        let residual = if problem.residual.is_some() { output } else { 0 };
        let bias = (problem.output.c * Precision::F32.bytes()) as f64;
        let ends = bytes(input + stored + residual) + bias;
        let Some(tile) = variant.winograd() else {
            let weights = bytes(pack::packed_len(variant, problem).div_ceil(4));
            // Parts of a sum are written by one dispatch and read by the next.
            let parts = if variant == Variant::Split { conv::split_vectors(problem) } else { 0 };
            return Self {
                flop: product(variant, problem) + (parts * 4) as f64,
                bytes: ends + weights + 2.0 * bytes(parts),
                dispatches: if parts > 0 { 2 } else { 1 },
            };
        };
        let gemm = tile.gemm(problem, caps);
        let (tiles, points) = (tile.tiles(problem) as f64, tile.points() as f64);
        let [to_points, to_pixels] = tile.transform_flop();
        let transforms = problem.input.blocks() as f64 * to_points + problem.output.blocks() as f64 * to_pixels;
        // Values and products are written by one dispatch and read by the next.
        let between = 2.0 * bytes(tile.scratch(problem).iter().sum());
        Self {
            flop: points * product(gemm, &tile.product(problem)) + tiles * transforms,
            bytes: ends + between + bytes(tile.packed_len(problem, caps).div_ceil(4)),
            dispatches: 3,
        }
    }
}

/// Operations of a rung that is one dispatch, over whole workgroups.
fn product(variant: Variant, problem: &Problem) -> f64 {
    let ([x, y], tile) = (conv::workgroups(variant, problem), conv::tile(variant, problem));
    let outputs = (x as usize * tile.pixels * y as usize * tile.blocks * 4) as f64;
    // Packed weights come in vectors of four inputs; the others go one by one.
    let inputs = match variant {
        Variant::Direct | Variant::Depthwise | Variant::Winograd2 | Variant::Winograd4 => {
            problem.input.c / problem.groups
        }
        Variant::Stem
        | Variant::Lanes
        | Variant::Tiled
        | Variant::Block64
        | Variant::Block128
        | Variant::Split
        | Variant::Coop8
        | Variant::Coop16
        | Variant::Subgroup
        | Variant::SubgroupFew => problem.input.c.next_multiple_of(4),
    };
    2.0 * outputs * (inputs * problem.size * problem.size) as f64
}

impl Tile {
    /// Operations of the first and of the last dispatch for one tile of four channels, counted in their text.
    pub const fn transform_flop(self) -> [f64; 2] {
        match self {
            // 8 columns and rows of 4 operations; 4 columns and 2 rows of 4.
            Self::Two => [8.0 * 4.0 * 4.0, 6.0 * 4.0 * 4.0],
            // 12 columns and rows of 24; 6 columns and 4 rows of 13.
            Self::Four => [12.0 * 24.0 * 4.0, 10.0 * 13.0 * 4.0],
        }
    }
}
