//! Steps to calls: which kernel plays a step, with which constants, and what each of its bindings is.

use crate::{
    error::{Error, Result},
    gpu::{
        call::{Bound, Call, Lowered, slot},
        convolve::{self, RungSelector},
    },
    graph::{
        Graph,
        compile::Compiled,
        plan::{Step, TensorView, Work},
    },
    kernels::{concat, planes::At},
    ops::Lowering,
};

/// The calls of every step of a plan.
///
/// # Errors
/// [`Error::Graph`] if an op has no kernel.
pub fn lower_all(compiled: &Compiled, choice: &RungSelector<'_>) -> Result<Vec<Lowered>> {
    compiled.plan.steps.iter().map(|step| lower(&compiled.graph, step, choice)).collect()
}

/// The calls that play one step.
///
/// # Errors
/// [`Error::Graph`] if the op has no kernel.
pub(super) fn lower(graph: &Graph, step: &Step, choice: &RungSelector<'_>) -> Result<Lowered> {
    let node = graph.node(step.node);
    let at = |view: &TensorView| at(view, choice.pictures);
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

/// A view as kernels see it, in a batch of so many pictures.
pub(super) fn at(view: &TensorView, pictures: usize) -> At {
    At { shape: view.shape, block: view.block, pictures: if view.summed { 1 } else { pictures } }
}
