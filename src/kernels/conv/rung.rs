//! What a rung of the ladder says of itself.

#[cfg(feature = "train")]
use crate::kernels::conv::pack::Layout;
use crate::kernels::{
    Kernel,
    conv::{
        Caps, ConvCall, Cost, End, PartAt, Places, Problem, Sink, launch::Launch, load::DispatchLoad, params::describe,
    },
};

/// What a rung says of itself. One that is a single dispatch says its [`Rung::launch`], and all else follows.
pub(super) trait Rung {
    /// As reports and the tuning cache spell it, in kebab case.
    const NAME: &'static str;
    /// Its kernels.
    const KERNELS: &'static [&'static Kernel];
    /// Whether it is an implicit GEMM in one dispatch: it multiplies as often as the definition does.
    const GEMM: bool = false;

    /// Whether this may be the fastest on such an adapter. On a processor barriers cost more than anything; on a GPU it is
    /// the lanes that wait for memory.
    fn suits(caps: &Caps) -> bool;

    /// Whether it is made for such problems, and the adapter has what it is made of.
    fn takes(problem: &Problem, caps: &Caps) -> bool;

    /// Its one dispatch, or the one that multiplies.
    fn launch(problem: &Problem, caps: &Caps, parts: &[PartAt]) -> Launch;

    /// Whether workgroups and bindings are within what the adapter has.
    fn fits(problem: &Problem, caps: &Caps) -> bool {
        Self::launch(problem, caps, &[]).fits(problem, caps)
    }

    /// Elements of its packed weights.
    fn packed_len(problem: &Problem, caps: &Caps) -> usize {
        Self::launch(problem, caps, &[]).packed_len(problem)
    }

    /// Weights in the order in which it reads them, from OIHW.
    fn pack(problem: &Problem, caps: &Caps, oihw: &[f32], sink: &mut Sink<'_>) {
        Self::launch(problem, caps, &[]).pack(problem, oihw, sink);
    }

    /// How its weights lie, if that is nothing but another order.
    #[cfg(feature = "train")]
    fn layout(problem: &Problem, caps: &Caps) -> Option<Layout> {
        Some(Self::launch(problem, caps, &[]).layout)
    }

    /// Vectors of the values between its calls.
    fn scratch(_: &Problem, _: &Caps) -> [usize; 2] {
        [0; 2]
    }

    /// Its calls, in order.
    fn calls(problem: &Problem, caps: &Caps, places: &Places<'_>) -> Vec<ConvCall> {
        single(&Self::launch(problem, caps, places.parts), problem, places)
    }

    /// Its dispatches, for a guess of how long they take.
    fn loads(problem: &Problem, caps: &Caps) -> Vec<DispatchLoad> {
        vec![Self::launch(problem, caps, &[whole(problem)]).load(problem, [1, 1], Self::cost(problem, caps).bytes)]
    }

    /// What it does and moves.
    fn cost(problem: &Problem, caps: &Caps) -> Cost {
        let launch = Self::launch(problem, caps, &[]);
        Cost::new(problem, caps, launch.flop(problem), launch.packed_len(problem), 0, 1)
    }
}

/// An input in one piece, at the beginning of its buffer.
pub(super) const fn whole(problem: &Problem) -> PartAt {
    PartAt { block: 0, channels: problem.input.c }
}

/// The call of a rung that is one dispatch.
fn single(launch: &Launch, problem: &Problem, places: &Places<'_>) -> Vec<ConvCall> {
    let (params, constants) = describe(problem, places.parts, places.dst, places.residual_block());
    let bound = places.bound(End::Weights, places.residual_or(End::Part(0)), End::Dst);
    vec![ConvCall { dispatch: launch.dispatch(problem, &params, constants, 1), bound }]
}
