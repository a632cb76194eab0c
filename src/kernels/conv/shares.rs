//! What [`super::split`], [`super::split_coop8`] and [`super::split_coop16`] share: the sum of an implicit GEMM, shared among workgroups: for deep layers of few pixels that leave most of a GPU idle. Two
//! dispatches, of which the second adds.

use std::marker::PhantomData;

use crate::kernels::{
    Dispatch, Kernel,
    conv::{
        Caps, ConvCall, Cost, End, PartAt, Places, Problem,
        launch::Launch,
        load::{DispatchLoad, StepLoad},
        params::{BINDINGS, describe},
        rung::Rung,
    },
    part,
};

/// `shaders/conv_sum.wgsl`
pub(super) static SUM: Kernel = Kernel {
    name: "conv_sum",
    twin: "conv",
    parts: &[part!("shared/activation.wgsl"), part!("shared/conv.wgsl"), part!("conv_sum.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// Workgroups that keep every processor of a large GPU busy.
const FILLED: usize = 256;
/// Most workgroups that share a sum: their results are written and read again.
const MAX_SHARES: usize = 8;

/// A GEMM whose kernel knows of SPLIT.
pub(super) trait Divisible: Rung {
    /// [`Rung::NAME`] of it when it is shared.
    const SPLIT_NAME: &'static str;
    /// What plays a share, and [`SUM`].
    const SPLIT_KERNELS: &'static [&'static Kernel];
    /// Fewest input blocks that are worth a share.
    const LEAST: usize;
}

/// That GEMM, shared.
pub(super) struct Shared<R>(PhantomData<R>);

impl<R: Divisible> Rung for Shared<R> {
    const NAME: &'static str = R::SPLIT_NAME;
    const KERNELS: &'static [&'static Kernel] = R::SPLIT_KERNELS;

    fn suits(caps: &Caps) -> bool {
        R::suits(caps)
    }

    fn takes(problem: &Problem, caps: &Caps) -> bool {
        R::takes(problem, caps)
            && problem.input.blocks() >= 2 * R::LEAST
            && workgroups::<R>(problem, caps) < FILLED
            && sums::<R>(problem, caps) * caps.vector() <= caps.binding
    }

    fn launch(problem: &Problem, caps: &Caps, parts: &[PartAt]) -> Launch {
        R::launch(problem, caps, parts)
    }

    fn scratch(problem: &Problem, caps: &Caps) -> [usize; 2] {
        [sums::<R>(problem, caps), 0]
    }

    /// Shares of the sum to a value of their own, `[shares, OC/4, pixels]`; their sum, with the epilogue.
    fn calls(problem: &Problem, caps: &Caps, places: &Places<'_>) -> Vec<ConvCall> {
        let (shares, between) = (shares::<R>(problem, caps), End::Scratch(0));
        let (mut params, mut constants) = describe(&problem.bare(), places.parts, 0, 0);
        params.dst_batch = problem.output.blocks() as u32;
        constants.extend([("BIAS", 0.0), ("SPLIT", shares as f64)]);
        let first = R::launch(problem, caps, places.parts).dispatch(problem, &params, constants, shares);
        let sums = [PartAt { block: 0, channels: problem.input.c }];
        let (params, mut constants) = describe(problem, &sums, places.dst, places.residual_block());
        constants.push(("SPLIT", shares as f64));
        let second = Dispatch {
            kernel: &SUM,
            constants,
            params: bytemuck::bytes_of(&params).to_vec(),
            workgroups: [
                problem.pixels().div_ceil(SUM.workgroup[0] as usize) as u32,
                problem.output.blocks() as u32,
                1,
            ],
        };
        vec![
            // It knows nothing of a residual.
            ConvCall { dispatch: first, bound: places.bound(End::Weights, End::Part(0), between) },
            ConvCall { dispatch: second, bound: between.feeds(between, places.residual_or(between), End::Dst) },
        ]
    }

    fn loads(problem: &Problem, caps: &Caps) -> Vec<DispatchLoad> {
        let (shares, launch) = (shares::<R>(problem, caps), R::launch(problem, caps, &[]));
        let between = (sums::<R>(problem, caps) * caps.vector()) as f64;
        let stored = (problem.stored().vectors() * problem.pictures * caps.vector()) as f64;
        let bytes = R::cost(problem, caps).bytes - stored + between;
        // An invocation adds one vector of each share.
        let adds = StepLoad::lanes(64, problem.input.c, 4.0 * shares as f64, 80.0, 32.0);
        let groups = problem.pixels().div_ceil(64) * problem.output.blocks();
        let second = DispatchLoad { step: adds, groups, steps: 1, bytes: between + stored };
        vec![launch.load(problem, [1, shares], bytes), second]
    }

    fn cost(problem: &Problem, caps: &Caps) -> Cost {
        let (launch, sums) = (R::launch(problem, caps, &[]), sums::<R>(problem, caps));
        let flop = launch.flop(problem) + (sums * 4) as f64;
        Cost::new(problem, caps, flop, launch.packed_len(problem), sums, 2)
    }
}

/// Workgroups of a share.
fn workgroups<R: Rung>(problem: &Problem, caps: &Caps) -> usize {
    let [x, y] = R::launch(problem, caps, &[]).workgroups(problem);
    x as usize * y as usize
}

/// How many workgroups share a sum: as many as fill a large GPU.
fn shares<R: Rung>(problem: &Problem, caps: &Caps) -> usize {
    (FILLED / workgroups::<R>(problem, caps).max(1)).clamp(2, MAX_SHARES)
}

/// Vectors of the shares of the sums.
fn sums<R: Rung>(problem: &Problem, caps: &Caps) -> usize {
    shares::<R>(problem, caps) * problem.output.vectors() * problem.pictures
}
