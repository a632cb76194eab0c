//! Steps to calls: which kernel plays a step, with which constants, and what each of its bindings is.

use crate::{
    error::{Error, Result},
    gpu::convolve::{self, Choice},
    graph::{
        Graph,
        compile::Compiled,
        plan::{SlotId, Step, View, Work},
    },
    kernels::{Dispatch, concat, conv::Variant, planes::At},
    ops::Lowering,
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
    let (reads, dst): (Vec<At>, At) = (step.reads.iter().map(at).collect(), at(&step.write));
    let lowering = match step.work {
        Work::Copy { from, to, count } => Lowering::Kernel(concat::dispatch(from, to, count, reads[0], dst)),
        Work::Op | Work::Accumulate => node.op.lower(&reads, dst),
    };
    match lowering {
        Lowering::Kernel(dispatch) => {
            let mut bound = vec![Bound::Params];
            for input in 0..dispatch.kernel.bindings.len() - 2 {
                // What a kernel declares and does not read is bound to what it reads anyway.
                bound.push(slot(&step.reads[input.min(step.reads.len() - 1)]));
            }
            bound.push(slot(&step.write));
            Ok(Lowered::from(Call { dispatch, bound }))
        }
        Lowering::Ladder => convolve::lower(graph, step, choice),
        Lowering::Nothing => Err(Error::graph(&node.name, format!("no kernel plays {}", node.op.name()))),
    }
}
