//! Convolution by Winograd's minimal filtering (Lavin and Gray, arXiv 1509.09308): the input in tiles and the filters
//! become values of polynomials at a few points, which are multiplied as one matrix product per point, and the products
//! become pixels. Three dispatches, with two values of their own between them.

use crate::{
    kernels::{
        Dispatch, Kernel,
        conv::{self, PartAt, Problem},
        ladder::{Caps, Variant},
        pack, winograd2_input, winograd2_output, winograd4_input, winograd4_output,
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
            pictures: 1,
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

    /// The filters at the points, `[points, OC, IC]`, from OIHW; computed in f64.
    pub fn weights(self, problem: &Problem, oihw: &[f32]) -> Vec<f32> {
        let matrix: &[[f64; 3]] = match self {
            Self::Two => &G2,
            Self::Four => &G4,
        };
        let (side, ic) = (matrix.len(), problem.input.c);
        let filters = problem.output.c * ic;
        let mut out = vec![0.0; self.points() * filters];
        // All filters of one output side by side, so that a processor takes several at once.
        let mut taps = vec![0.0; 9 * ic];
        let mut half = vec![0.0; 3 * side * ic];
        for (oc, row) in oihw.chunks_exact(9 * ic).enumerate() {
            for (i, filter) in row.chunks_exact(9).enumerate() {
                filter.iter().enumerate().for_each(|(tap, w)| taps[tap * ic + i] = f64::from(*w));
            }
            // G g, then G g G^T.
            for (n, sums) in half.chunks_exact_mut(ic).enumerate() {
                let (g, x) = (&matrix[n / 3], n % 3);
                let [a, b, c] = [x, 3 + x, 6 + x].map(|tap| &taps[tap * ic..][..ic]);
                for (i, sum) in sums.iter_mut().enumerate() {
                    *sum = g[0] * a[i] + g[1] * b[i] + g[2] * c[i];
                }
            }
            for point in 0..side * side {
                let (g, y) = (&matrix[point % side], point / side);
                let [a, b, c] = [0, 1, 2].map(|x| &half[(y * 3 + x) * ic..][..ic]);
                for (i, value) in out[point * filters + oc * ic..][..ic].iter_mut().enumerate() {
                    *value = (g[0] * a[i] + g[1] * b[i] + g[2] * c[i]) as f32;
                }
            }
        }
        out
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
