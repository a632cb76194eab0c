//! What [`super::split`], [`super::split_packed`], [`super::split_coop8`] and [`super::split_coop16`] have in common: the sum of an implicit GEMM, shared among workgroups: for deep layers of few pixels that leave most of a GPU idle. Two
//! dispatches, of which the second adds.

use std::marker::PhantomData;

use crate::kernels::{
    Dispatch, Kernel,
    conv::{
        Caps, ConvCall, Cost, End, PartAt, Places, Problem,
        launch::Launch,
        load::{DispatchLoad, StepLoad},
        params::{BINDINGS, describe},
        rung::{Rung, whole},
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

impl<R: Divisible> Shared<R> {
    fn sum<'a>(problem: &'a Problem, caps: &'a Caps, parts: &[PartAt]) -> SharedSum<'a> {
        SharedSum { problem, caps, launch: R::launch(problem, caps, parts), least: R::LEAST }
    }
}

impl<R: Divisible> Rung for Shared<R> {
    const NAME: &'static str = R::SPLIT_NAME;
    const KERNELS: &'static [&'static Kernel] = R::SPLIT_KERNELS;

    fn suits(caps: &Caps) -> bool {
        R::suits(caps)
    }

    fn takes(problem: &Problem, caps: &Caps) -> bool {
        R::takes(problem, caps) && problem.input.blocks() >= 2 * R::LEAST && Self::sum(problem, caps, &[]).is_worth_it()
    }

    fn launch(problem: &Problem, caps: &Caps, parts: &[PartAt]) -> Launch {
        R::launch(problem, caps, parts)
    }

    fn scratch(problem: &Problem, caps: &Caps) -> [usize; 2] {
        [Self::sum(problem, caps, &[]).vectors(), 0]
    }

    fn calls(problem: &Problem, caps: &Caps, places: &Places<'_>) -> Vec<ConvCall> {
        Self::sum(problem, caps, places.parts).calls(places)
    }

    fn loads(problem: &Problem, caps: &Caps) -> Vec<DispatchLoad> {
        Self::sum(problem, caps, &[whole(problem)]).loads()
    }

    fn cost(problem: &Problem, caps: &Caps) -> Cost {
        Self::sum(problem, caps, &[]).cost()
    }
}

/// A convolution, and what plays a share of it.
struct SharedSum<'a> {
    problem: &'a Problem,
    caps: &'a Caps,
    launch: Launch,
    /// Fewest input blocks of a share.
    least: usize,
}

impl SharedSum<'_> {
    /// Whether most of a card would stand still otherwise, and a binding holds the shares.
    fn is_worth_it(&self) -> bool {
        self.workgroups() < FILLED && self.vectors() * self.caps.vector() <= self.caps.binding
    }

    /// Shares to a value of their own, `[shares, OC/4, pixels]`; their sum, with the epilogue.
    fn calls(&self, places: &Places<'_>) -> Vec<ConvCall> {
        let (problem, shares, between) = (self.problem, self.shares(), End::Scratch(0));
        let (mut params, mut constants) = describe(&problem.bare(), places.parts, 0, 0);
        params.dst_batch = problem.output.blocks() as u32;
        constants.extend([("BIAS", 0.0), ("SPLIT", shares as f64)]);
        let first = self.launch.dispatch(problem, &params, constants, shares);
        let sums = [whole(problem)];
        let (params, mut constants) = describe(problem, &sums, places.dst, places.residual_block());
        constants.push(("SPLIT", shares as f64));
        let [pixels, blocks] = self.adders();
        let second = Dispatch {
            kernel: &SUM,
            constants,
            params: bytemuck::bytes_of(&params).to_vec(),
            workgroups: [pixels as u32, blocks as u32, 1],
        };
        vec![
            // It knows nothing of a residual.
            ConvCall { dispatch: first, bound: places.bound(End::Weights, End::Part(0), between) },
            ConvCall { dispatch: second, bound: between.feeds(between, places.residual_or(between), End::Dst) },
        ]
    }

    fn loads(&self) -> Vec<DispatchLoad> {
        let (problem, shares) = (self.problem, self.shares());
        let bytes = |vectors: usize| (vectors * self.caps.vector()) as f64;
        let (between, stored) = (bytes(self.vectors()), bytes(problem.written() * problem.pictures));
        let read = bytes(problem.input.vectors() * problem.pictures + self.launch.packed_len(problem) / 4);
        // An invocation adds one vector of each share.
        let add = StepLoad::lanes(64, problem.input.c, 4.0 * shares as f64, 80.0, 32.0);
        let [pixels, blocks] = self.adders();
        let second = DispatchLoad { step: add, groups: pixels * blocks, steps: 1, bytes: between + stored };
        vec![self.launch.load(problem, [1, shares], read + between), second]
    }

    fn cost(&self) -> Cost {
        let sums = self.vectors();
        let flop = self.launch.flop(self.problem) + (sums * 4) as f64;
        Cost::new(self.problem, self.caps, flop, self.launch.packed_len(self.problem), sums, 2)
    }

    /// Workgroups that add, along pixels and along blocks.
    const fn adders(&self) -> [usize; 2] {
        [self.problem.pixels().div_ceil(SUM.workgroup[0] as usize), self.problem.output.blocks()]
    }

    /// Workgroups of a share.
    fn workgroups(&self) -> usize {
        let [x, y] = self.launch.workgroups(self.problem);
        x as usize * y as usize
    }

    /// How many workgroups share a sum: as many as fill a large GPU, and have something to do.
    fn shares(&self) -> usize {
        let most = (self.problem.input.blocks() / self.least).min(MAX_SHARES);
        (FILLED / self.workgroups().max(1)).min(most).max(2)
    }

    /// Vectors of the shares.
    fn vectors(&self) -> usize {
        self.shares() * self.problem.output.vectors() * self.problem.pictures
    }
}
