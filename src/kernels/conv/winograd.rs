//! What [`super::winograd2`] and [`super::winograd4`] share: convolution by Winograd's minimal filtering (Lavin and Gray, arXiv
//! 1509.09308). The input in tiles and the filters become values of polynomials at a few points, which are multiplied as one
//! matrix product per point, and the products become pixels. Three dispatches, with two values of their own between them.

use crate::{
    kernels::{
        Dispatch, Kernel,
        conv::{
            Caps, ConvCall, Cost, End, PartAt, Places, Problem, Sink,
            guess::Gemm,
            launch::Launch,
            load::{DispatchLoad, StepLoad},
            pack::{self, Layout, Panels},
            params::describe,
            rung::{Rung, whole},
        },
    },
    tensor::Shape,
};

/// Taps of the filters, along a side.
const TAPS: usize = 3;

/// F(m x m, 3x3): every rung of this kind is one.
pub(super) trait Form {
    /// As [`Rung::NAME`].
    const NAME: &'static str;
    /// m: output pixels along a side of a tile.
    const OUTPUTS: usize;
    /// Whether its values at the points may be stored in 16 bits.
    const HALF: bool;
    /// The input to its values, and products to pixels.
    const KERNELS: &'static [&'static Kernel; 2];
    /// Operations of either for one tile of four channels, counted in their text.
    const FLOP: [f64; 2];
    /// Invocations that share a tile of the input on a card.
    const SHARES: usize;
    /// Instructions and registers of either for an input in one piece, as RADV 25.0.7 compiles it for Navi21.
    const COMPILED: [(f64, f64); 2];

    /// Filters at the points; see [`pack_points`].
    fn pack_points(panels: Panels, tiles: usize, problem: &Problem, oihw: &[f32], sink: &mut Sink<'_>);
}

/// Points at which polynomials are multiplied: tiles overlap by two pixels.
const fn points<F: Form>() -> usize {
    let side = F::OUTPUTS + TAPS - 1;
    side * side
}

/// Tiles of one plane, all pictures together.
const fn tiles<F: Form>(problem: &Problem) -> usize {
    let output = problem.output;
    problem.pictures * output.h.div_ceil(F::OUTPUTS) * output.w.div_ceil(F::OUTPUTS)
}

/// Invocations that share a tile of the input: a processor has no use for more of them, and they read it again.
const fn shares<F: Form>(caps: &Caps) -> usize {
    if caps.software { 1 } else { F::SHARES }
}

/// One of the products, and what plays all of them: tiles are its pixels, and those of all pictures one row.
fn product<F: Form>(problem: &Problem, caps: &Caps) -> (Problem, Launch) {
    let tiles = tiles::<F>(problem);
    let product = Problem::plain(Shape::new(problem.input.c, 1, tiles), problem.output.c, 1);
    (product, (Gemm::best(tiles, caps).launch)(&product, caps, &[whole(problem)]))
}

impl<F: Form> Rung for F {
    const NAME: &'static str = F::NAME;
    const KERNELS: &'static [&'static Kernel] = F::KERNELS;

    fn suits(_: &Caps) -> bool {
        true
    }

    fn takes(problem: &Problem, caps: &Caps) -> bool {
        let plain = problem.size == TAPS && problem.stride == (1, 1) && problem.dilation == 1 && problem.groups == 1;
        plain && (F::HALF || !caps.half)
    }

    fn fits(problem: &Problem, caps: &Caps) -> bool {
        let weights = Self::packed_len(problem, caps) / 4;
        let vectors = Self::scratch(problem, caps).into_iter().chain([weights]).max().unwrap_or(0);
        vectors * caps.vector() <= caps.binding
    }

    fn launch(problem: &Problem, caps: &Caps, _: &[PartAt]) -> Launch {
        product::<F>(problem, caps).1
    }

    /// They are sums, not weights.
    #[cfg(feature = "train")]
    fn layout(_: &Problem, _: &Caps) -> Option<Layout> {
        None
    }

    fn packed_len(problem: &Problem, caps: &Caps) -> usize {
        let (product, launch) = product::<F>(problem, caps);
        points::<F>() * launch.packed_len(&product)
    }

    /// The filters at the points as the products read them: what [`Launch::pack`] makes of each point's `[OC, IC]`, one behind
    /// the other. Computed in f64.
    fn pack(problem: &Problem, caps: &Caps, oihw: &[f32], sink: &mut Sink<'_>) {
        let (product, launch) = product::<F>(problem, caps);
        // Every GEMM packs panels.
        if let Layout::Panels(panels) = launch.layout {
            F::pack_points(panels, launch.packed_len(&product) / pack::TILE, problem, oihw, sink);
        }
    }

    /// The values at the points, and their products.
    fn scratch(problem: &Problem, _: &Caps) -> [usize; 2] {
        let each = points::<F>() * tiles::<F>(problem);
        [each * problem.input.blocks(), each * problem.output.blocks()]
    }

    /// The input to its values at the points, `[points, IC/4, tiles]`; values times weights, `[points, OC/4, tiles]`; products to
    /// pixels, with the epilogue.
    fn calls(problem: &Problem, caps: &Caps, places: &Places<'_>) -> Vec<ConvCall> {
        let (values, products) = (End::Scratch(0), End::Scratch(1));
        let [to_values, to_pixels] = *F::KERNELS;
        let tiles = tiles::<F>(problem);
        let mut first = transform(to_values, problem, places.parts, [0, 0], [tiles, problem.input.blocks()]);
        let shares = shares::<F>(caps);
        first.constants.push(("SHARES", shares as f64));
        first.workgroups[2] = shares as u32;
        let at = [places.dst, places.residual_block()];
        let third = transform(to_pixels, problem, &[whole(problem)], at, [tiles, problem.output.blocks()]);
        vec![
            ConvCall { dispatch: first, bound: places.bound(End::Part(0), places.residual_or(End::Part(0)), values) },
            ConvCall { dispatch: multiply::<F>(problem, caps), bound: values.feeds(End::Weights, values, products) },
            ConvCall { dispatch: third, bound: products.feeds(products, places.residual_or(products), End::Dst) },
        ]
    }

    fn loads(problem: &Problem, caps: &Caps) -> Vec<DispatchLoad> {
        let (product, launch) = product::<F>(problem, caps);
        let (tiles, points) = (tiles::<F>(problem), points::<F>());
        let bytes = |vectors: usize| (vectors * caps.vector()) as f64;
        let [values, products] = Self::scratch(problem, caps);
        let [input, output] = [problem.input.vectors(), problem.written()].map(|vectors| vectors * problem.pictures);
        let transform = |which: usize, blocks: usize, vectors: usize| {
            let (instructions, registers) = F::COMPILED[which];
            let step = StepLoad::lanes(64, 4, 0.0, instructions, registers);
            DispatchLoad { step, groups: tiles.div_ceil(64) * blocks, steps: 1, bytes: bytes(vectors) }
        };
        let weights = Self::packed_len(problem, caps) / 4;
        vec![
            transform(0, problem.input.blocks() * shares::<F>(caps), input + values),
            launch.load(&product, [points, 1], bytes(values + weights + products)),
            transform(1, problem.output.blocks(), products + output),
        ]
    }

    fn cost(problem: &Problem, caps: &Caps) -> Cost {
        let (product, launch) = product::<F>(problem, caps);
        let (tiles, points) = (tiles::<F>(problem) as f64, points::<F>() as f64);
        let [to_values, to_pixels] = F::FLOP;
        // Each share does all columns, and its own rows.
        let to_values = to_values * (1.0 + shares::<F>(caps) as f64) / 2.0;
        let transforms = problem.input.blocks() as f64 * to_values + problem.output.blocks() as f64 * to_pixels;
        let flop = points * launch.flop(&product) + tiles * transforms;
        let between = Self::scratch(problem, caps).iter().sum();
        Cost::new(problem, caps, flop, Self::packed_len(problem, caps), between, 3)
    }
}

/// All the products, one behind the other in every buffer.
fn multiply<F: Form>(problem: &Problem, caps: &Caps) -> Dispatch {
    let (product, launch) = product::<F>(problem, caps);
    let (mut params, mut constants) = describe(&product, &[whole(problem)], 0, 0);
    params.src_batch = product.input.blocks() as u32;
    params.dst_batch = product.output.blocks() as u32;
    params.weights_batch = (launch.packed_len(&product) / 4) as u32;
    constants.push(("BIAS", 0.0));
    launch.dispatch(&product, &params, constants, points::<F>())
}

/// A tile of a block an invocation; first blocks of output and residual, tiles and blocks.
fn transform(
    kernel: &'static Kernel,
    problem: &Problem,
    parts: &[PartAt],
    [dst, residual]: [usize; 2],
    [tiles, blocks]: [usize; 2],
) -> Dispatch {
    let (params, constants) = describe(problem, parts, dst, residual);
    let groups = tiles.div_ceil(kernel.workgroup[0] as usize);
    Dispatch {
        kernel,
        constants,
        params: bytemuck::bytes_of(&params).to_vec(),
        workgroups: [groups as u32, blocks as u32, 1],
    }
}

/// Sixteen filters, four outputs of four inputs: what is packed side by side, and as much as a processor takes at once.
type Sixteen = [f64; pack::TILE];

/// `G g G^T` for each filter `g`; `tiles` of sixteen a point.
pub(super) fn pack_points<const SIDE: usize>(
    matrix: &[[f64; TAPS]; SIDE],
    panels: Panels,
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
            for (lane, o, i) in panels.lanes(first + n, ic.div_ceil(4)).filter(|(_, o, i)| *o < oc && *i < ic) {
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
