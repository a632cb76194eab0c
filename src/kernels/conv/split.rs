//! Implicit GEMM for GPUs, the sum shared among workgroups: for deep layers of few pixels that leave most of a GPU idle. Two
//! dispatches, of which the second adds.

use crate::kernels::{
    Dispatch, Kernel,
    conv::{
        Caps, ConvCall, Cost, End, PartAt, Places, Problem,
        block::{self, KERNEL as BLOCK},
        block64,
        launch::Launch,
        params::{BINDINGS, describe},
        rung::Rung,
    },
    part,
};

/// `shaders/conv_sum.wgsl`
static SUM: Kernel = Kernel {
    name: "conv_sum",
    twin: "conv",
    parts: &[part!("shared/activation.wgsl"), part!("shared/conv.wgsl"), part!("conv_sum.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// Workgroups that keep every processor of a large GPU busy.
const FILLED: usize = 256;
/// Fewest input blocks that are worth a share each.
const MIN_BLOCKS: usize = 8;
/// Most workgroups that share a sum: their results are written and read again.
const MAX_SHARES: usize = 8;

/// 64 output channels by 64 pixels a workgroup.
pub(super) struct Split;

impl Rung for Split {
    const NAME: &'static str = "split";
    const KERNELS: &'static [&'static Kernel] = &[&BLOCK, &SUM];

    fn suits(caps: &Caps) -> bool {
        !caps.software
    }

    fn takes(problem: &Problem, caps: &Caps) -> bool {
        problem.groups == 1
            && problem.input.blocks() >= MIN_BLOCKS
            && workgroups(problem) < FILLED
            && sums(problem) * caps.vector() <= caps.binding
    }

    fn launch(_: &Problem, _: &Caps, parts: &[PartAt]) -> Launch {
        block::launch(block64::SIDE, parts)
    }

    fn scratch(problem: &Problem, _: &Caps) -> [usize; 2] {
        [sums(problem), 0]
    }

    /// Shares of the sum to a value of their own, `[shares, OC/4, pixels]`; their sum, with the epilogue.
    fn calls(problem: &Problem, caps: &Caps, places: &Places<'_>) -> Vec<ConvCall> {
        let (shares, between) = (shares(problem), End::Scratch(0));
        let (mut params, mut constants) = describe(&problem.bare(), places.parts, 0, 0);
        params.dst_batch = problem.output.blocks() as u32;
        constants.extend([("BIAS", 0.0), ("SPLIT", shares as f64)]);
        let launch = Self::launch(problem, caps, places.parts);
        let first = launch.dispatch(problem, &params, constants, shares);
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

    fn cost(problem: &Problem, caps: &Caps) -> Cost {
        let (launch, sums) = (Self::launch(problem, caps, &[]), sums(problem));
        let flop = launch.flop(problem) + (sums * 4) as f64;
        Cost::new(problem, caps, flop, launch.packed_len(problem), sums, 2)
    }
}

/// Workgroups of a share.
fn workgroups(problem: &Problem) -> usize {
    let [x, y] = block::launch(block64::SIDE, &[]).workgroups(problem);
    x as usize * y as usize
}

/// How many workgroups share a sum: as many as fill a large GPU.
fn shares(problem: &Problem) -> usize {
    (FILLED / workgroups(problem).max(1)).clamp(2, MAX_SHARES)
}

/// Vectors of the shares of the sums.
fn sums(problem: &Problem) -> usize {
    shares(problem) * problem.output.vectors() * problem.pictures
}
