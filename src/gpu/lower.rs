//! Steps to calls: which kernel plays a step, with which constants, and what each of its bindings is.

// What is new is decided wherever something is decided by kind: no arm guesses for it.
#![warn(clippy::wildcard_enum_match_arm)]

use crate::{
    error::{Error, Result},
    gpu::convolve::{self, Choice},
    graph::{
        Graph, Op,
        compile::Compiled,
        plan::{SlotId, Step, View, Work},
    },
    kernels::{
        Dispatch, activation, avg_pool, concat, ladder::Variant, max_pool, planes::At, sam, scale_channels, shortcut,
        spp, upsample,
    },
};

/// What one binding of a call is.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// The call's own uniform buffer.
    Params,
    /// A slot of the plan.
    Slot(SlotId),
    /// A value between the calls of one step, by number; every step has the same buffers for them.
    Scratch(usize),
    /// The step's weights, which never change.
    Weights,
    /// Its bias, always f32.
    Bias,
}

/// One dispatch and its bindings, in order of binding number.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Kernel, constants, parameters, workgroups.
    pub dispatch: Dispatch,
    /// Group 0.
    pub bound: Vec<Bound>,
}

/// What plays one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// In order.
    pub calls: Vec<Call>,
    /// Vectors of each [`Bound::Scratch`] that they use.
    pub scratch: [usize; 2],
    /// The rung, if it is a convolution.
    pub variant: Option<Variant>,
}

impl From<Call> for Lowered {
    fn from(call: Call) -> Self {
        Self { calls: vec![call], scratch: [0; 2], variant: None }
    }
}

pub(super) fn slot(view: &View) -> Bound {
    Bound::Slot(view.slot)
}

/// The calls of every step of a plan.
///
/// # Errors
/// [`Error::Graph`] if an op has no kernel.
pub fn lower_all(compiled: &Compiled, choice: &Choice<'_>) -> Result<Vec<Lowered>> {
    compiled.plan.steps.iter().map(|step| lower(&compiled.graph, step, choice)).collect()
}

/// The calls that play one step.
///
/// # Errors
/// [`Error::Graph`] if the op has no kernel.
fn lower(graph: &Graph, step: &Step, choice: &Choice<'_>) -> Result<Lowered> {
    let node = graph.node(step.node);
    let at = |view: &View| At { shape: view.shape, block: view.block, pictures: choice.pictures };
    let (reads, dst) = (&step.reads, at(&step.write));
    let unary =
        |dispatch| Lowered::from(Call { dispatch, bound: vec![Bound::Params, slot(&reads[0]), slot(&step.write)] });
    let binary = |dispatch| {
        let second = slot(reads.last().unwrap_or(&reads[0]));
        Lowered::from(Call { dispatch, bound: vec![Bound::Params, slot(&reads[0]), second, slot(&step.write)] })
    };
    let src = at(&reads[0]);
    let second = || reads.get(1).map(at).ok_or_else(|| Error::graph(&node.name, "has only one input"));
    Ok(match (step.work, &node.op) {
        (Work::Copy { from, to, count }, _) => unary(concat::dispatch(from, to, count, src, dst)),
        (Work::Accumulate, _) => binary(shortcut::dispatch(true, src, src, dst)),
        (Work::Op, Op::Conv(c)) => convolve::lower(graph, step, c, choice)?,
        (Work::Op, Op::Activation(kind)) => unary(activation::dispatch(*kind, src, dst)),
        (Work::Op, Op::Add) => binary(shortcut::dispatch(false, src, second()?, dst)),
        (Work::Op, Op::Mul) => binary(sam::dispatch(src, second()?, dst)),
        (Work::Op, Op::ScaleChannels) => binary(scale_channels::dispatch(src, second()?, dst)),
        (Work::Op, Op::MaxPool(p)) => {
            let stride = (p.stride_y, p.stride_x);
            unary(max_pool::dispatch(max_pool::Window { size: p.size, stride, offset: p.padding / 2 }, src, dst))
        }
        (Work::Op, Op::Spp { sizes }) => unary(spp::dispatch(*sizes, src, dst)),
        (Work::Op, Op::AvgPool) => unary(avg_pool::dispatch(src, dst)),
        (Work::Op, Op::Upsample { stride, scale }) => unary(upsample::dispatch(*stride, *scale, src, dst)),
        // The input is given, folding and placing leave nothing of the others.
        (Work::Op, op @ (Op::Input | Op::BatchNorm | Op::Concat | Op::Slice { .. })) => {
            return Err(Error::graph(&node.name, format!("no kernel plays {}", op.name())));
        }
    })
}
