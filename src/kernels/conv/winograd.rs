//! Convolution by Winograd's minimal filtering (Lavin and Gray, arXiv 1509.09308): the input in tiles and the filters
//! become values of polynomials at a few points, which are multiplied as one matrix product per point, and the products
//! become pixels. Three dispatches, with two values of their own between them.

use crate::{
    kernels::{
        Dispatch, Kernel,
        conv::{self, PartAt, Problem},
        ladder::{Caps, Variant},
        pack::{self, Sink},
        winograd2_input, winograd2_output, winograd4_input, winograd4_output,
    },
    tensor::Shape,
};

/// Output pixels along a side of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tile {
    /// F(2x2, 3x3).
    Two,
    /// F(4x4, 3x3).
    Four,
}

impl Tile {
    /// Output pixels along a side.
    pub const fn outputs(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// Points at which polynomials are multiplied: tiles overlap by two pixels.
    pub const fn points(self) -> usize {
        (self.outputs() + 2) * (self.outputs() + 2)
    }

    /// Tiles of one plane, all pictures together.
    pub const fn tiles(self, problem: &Problem) -> usize {
        let output = problem.output;
        problem.pictures * output.h.div_ceil(self.outputs()) * output.w.div_ceil(self.outputs())
    }

    /// Vectors of the values at the points, and of their products.
    pub const fn scratch(self, problem: &Problem) -> [usize; 2] {
        let each = self.points() * self.tiles(problem);
        [each * problem.input.blocks(), each * problem.output.blocks()]
    }

    /// Whether this is a 3x3 convolution in steps of one whose values in between, and weights, fit into a binding.
    pub fn takes(self, problem: &Problem, caps: &Caps) -> bool {
        let plain = problem.size == 3 && problem.stride == (1, 1) && problem.dilation == 1 && problem.groups == 1;
        let weights = self.packed_len(problem, caps) / 4;
        let vectors = self.scratch(problem).into_iter().chain([weights]).max().unwrap_or(0);
        plain && vectors * caps.vector() <= caps.binding
    }

    /// The rung of the products.
    pub const fn gemm(self, problem: &Problem, caps: &Caps) -> Variant {
        Variant::gemm(self.tiles(problem), caps)
    }

    /// Elements of the packed filters of all points.
    pub fn packed_len(self, problem: &Problem, caps: &Caps) -> usize {
        self.points() * pack::packed_len(self.gemm(problem, caps), &self.product(problem))
    }

    /// One of the products: tiles are its pixels, and those of all pictures one row.
    pub const fn product(self, problem: &Problem) -> Problem {
        let tiles = self.tiles(problem);
        Problem {
            input: Shape::new(problem.input.c, 1, tiles),
            output: Shape::new(problem.output.c, 1, tiles),
            size: 1,
            stride: (1, 1),
            pad: 0,
            dilation: 1,
            groups: 1,
            activation: super::activation::ActivationKind::Linear,
            residual: None,
            upsample: 1,
            pictures: 1,
            parts: 1,
        }
    }

    /// First call: the input to its values at the points, `[points, IC/4, tiles]`.
    pub fn input(self, problem: &Problem, parts: &[PartAt]) -> Dispatch {
        let kernel = match self {
            Self::Two => &winograd2_input::KERNEL,
            Self::Four => &winograd4_input::KERNEL,
        };
        self.transform(kernel, problem, parts, 0, 0, problem.input.blocks())
    }

    /// Second call: values times weights, `[points, OC/4, tiles]`.
    pub fn products(self, problem: &Problem, caps: &Caps) -> Dispatch {
        conv::batched(self.gemm(problem, caps), &self.product(problem), caps, self.points())
    }

    /// Third call: products to pixels, with the epilogue.
    pub fn output(self, problem: &Problem, dst_block: usize, residual_block: usize) -> Dispatch {
        let kernel = match self {
            Self::Two => &winograd2_output::KERNEL,
            Self::Four => &winograd4_output::KERNEL,
        };
        let products = PartAt { block: 0, channels: problem.input.c };
        self.transform(kernel, problem, &[products], dst_block, residual_block, problem.output.blocks())
    }

    fn transform(
        self,
        kernel: &'static Kernel,
        problem: &Problem,
        parts: &[PartAt],
        dst_block: usize,
        residual_block: usize,
        blocks: usize,
    ) -> Dispatch {
        let (params, constants) = conv::describe(problem, parts, dst_block, residual_block);
        let groups = self.tiles(problem).div_ceil(kernel.workgroup[0] as usize);
        Dispatch {
            kernel,
            constants,
            params: bytemuck::bytes_of(&params).to_vec(),
            workgroups: [groups as u32, blocks as u32, 1],
        }
    }

    /// The filters at the points, from OIHW, as the products read them: what [`pack::pack`] makes of each point's `[OC, IC]`,
    /// one behind the other. Computed in f64.
    pub fn pack(self, problem: &Problem, caps: &Caps, oihw: &[f32], sink: &mut Sink<'_>) {
        let product = self.product(problem);
        let gemm = self.gemm(problem, caps);
        // Every GEMM packs panels.
        let blocks = pack::panel(gemm, &product).unwrap_or(1);
        let tiles = pack::packed_len(gemm, &product) / pack::TILE;
        match self {
            Self::Two => pack_points(&G2, blocks, tiles, problem, oihw, sink),
            Self::Four => pack_points(&G4, blocks, tiles, problem, oihw, sink),
        }
    }
}

/// Sixteen filters, four outputs of four inputs: what is packed side by side, and as much as a processor takes at once.
type Sixteen = [f64; pack::TILE];

/// `G g G^T` for each filter `g`; `tiles` of sixteen a point.
fn pack_points<const SIDE: usize>(
    matrix: &[[f64; 3]; SIDE],
    blocks: usize,
    tiles: usize,
    problem: &Problem,
    oihw: &[f32],
    sink: &mut Sink<'_>,
) {
    let (ic, oc) = (problem.input.c, problem.output.c);
    let sum = |g: &[f64; 3], taps: [&Sixteen; 3]| -> Sixteen {
        std::array::from_fn(|i| g[0] * taps[0][i] + g[1] * taps[1][i] + g[2] * taps[2][i])
    };
    // A piece of every point.
    let each = tiles.min(4 * pack::PIECE / (SIDE * SIDE * pack::TILE));
    let mut pieces = vec![0.0; SIDE * SIDE * each * pack::TILE];
    for first in (0..tiles).step_by(each) {
        let count = each.min(tiles - first);
        for n in 0..count {
            let mut taps = [[0.0; pack::TILE]; 9];
            for (lane, o, i) in pack::lanes(first + n, blocks, ic.div_ceil(4)).filter(|(_, o, i)| *o < oc && *i < ic) {
                let filter = &oihw[(o * ic + i) * 9..][..9];
                taps.iter_mut().zip(filter).for_each(|(tap, w)| tap[lane] = f64::from(*w));
            }
            let half: [[Sixteen; 3]; SIDE] =
                matrix.map(|g| std::array::from_fn(|x| sum(&g, [&taps[x], &taps[3 + x], &taps[6 + x]])));
            for (y, row) in half.iter().enumerate() {
                for (x, g) in matrix.iter().enumerate() {
                    let out = &mut pieces[((y * SIDE + x) * each + n) * pack::TILE..][..pack::TILE];
                    let values = sum(g, [&row[0], &row[1], &row[2]]);
                    out.iter_mut().zip(values).for_each(|(out, value)| *out = value as f32);
                }
            }
        }
        for (point, piece) in pieces.chunks_exact(each * pack::TILE).enumerate() {
            sink((point * tiles + first) * pack::TILE, &piece[..count * pack::TILE]);
        }
    }
}

/// Values of a filter of three taps at 0, 1, -1 and infinity, scaled as the input's are not.
const G2: [[f64; 3]; 4] = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]];

/// The same at 0, 1, -1, 2, -2 and infinity.
const G4: [[f64; 3]; 6] = [
    [0.25, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];
