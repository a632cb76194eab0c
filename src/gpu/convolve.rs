//! A convolution to calls, on the rung of the ladder that was chosen for its shape.

use crate::{
    error::{Error, Result},
    gpu::{
        call::{Bound, Call, Lowered, slot},
        table::Table,
        weights::PackedWeights,
    },
    graph::{
        Graph, NodeParams, Op, Params,
        plan::{Step, TensorView},
    },
    kernels::conv::{self, Caps, End, PartAt, Places, Problem, Variant},
};

/// How rungs are chosen.
#[derive(Clone, Copy, Debug)]
pub struct RungSelector<'a> {
    /// What the adapter can do.
    pub caps: Caps,
    /// This variant wherever it is able to.
    pub forced: Option<Variant>,
    /// What was measured.
    pub tuned: &'a Table,
    /// Pictures of the batch.
    pub pictures: usize,
}

impl RungSelector<'_> {
    /// The rung for a problem: the one forced, the fastest measured, or the best guess.
    pub fn variant(&self, problem: &Problem) -> Variant {
        let able = |v: &Variant| v.takes(problem, &self.caps);
        let known = self.forced.filter(able).or_else(|| self.tuned.get(problem, &self.caps).filter(able));
        known.unwrap_or_else(|| Variant::choose(problem, &self.caps))
    }
}

/// The calls of a convolution.
///
/// # Errors
/// [`Error::Graph`] if it is none.
pub fn lower(graph: &Graph, step: &Step, choice: &RungSelector<'_>) -> Result<Lowered> {
    let problem = problem(graph, step, choice)?;
    let (parts, residual) = step.reads.split_at(step.reads.len() - usize::from(problem.residual.is_some()));
    let io = ConvIo { parts, residual: residual.first(), write: &step.write };
    Ok(io.calls(choice.variant(&problem), &problem, &choice.caps))
}

fn problem(graph: &Graph, step: &Step, choice: &RungSelector<'_>) -> Result<Problem> {
    let none = || Error::graph(&graph.node(step.node).name, "is no convolution");
    step.problem(graph, choice.pictures).ok_or_else(none)
}

/// The numbers of a convolution as the kernels of this rung read them.
///
/// # Errors
/// [`Error::Graph`] if its weights are not there, or too few.
pub fn numbers<'a>(
    graph: &Graph,
    params: &'a Params,
    step: &Step,
    variant: Variant,
    choice: &RungSelector<'_>,
) -> Result<PackedWeights<'a>> {
    let node = graph.node(step.node);
    let (Op::Conv(c), Some(NodeParams::Conv { weights, bias })) = (&node.op, params.get(step.node)) else {
        return Err(Error::graph(&node.name, "has no weights"));
    };
    let problem = problem(graph, step, choice)?;
    let expected = c.kernel_elements(problem.input.c);
    if weights.len() != expected {
        return Err(Error::graph(&node.name, format!("expected {expected} weights, found {}", weights.len())));
    }
    let caps = choice.caps;
    Ok(PackedWeights {
        elements: variant.packed_len(&problem, &caps),
        weights: Box::new(move |sink| variant.pack(&problem, &caps, weights, sink)),
        bias: conv::bias(&problem, bias.as_deref()),
    })
}

/// What a convolution reads and writes, whichever kernels do it.
pub struct ConvIo<'a> {
    /// The input, in up to four parts.
    pub parts: &'a [TensorView],
    /// Added before the last activation.
    pub residual: Option<&'a TensorView>,
    /// The output.
    pub write: &'a TensorView,
}

impl ConvIo<'_> {
    /// The calls of a rung.
    pub fn calls(&self, variant: Variant, problem: &Problem, caps: &Caps) -> Lowered {
        let parts: Vec<PartAt> = self.parts.iter().map(|v| PartAt { block: v.block, channels: v.shape.c }).collect();
        let places = Places { parts: &parts, residual: self.residual.map(|v| v.block), dst: self.write.block };
        let call = |call: conv::ConvCall| {
            let bound = call.bound.into_iter().map(|end| self.bound(end)).collect();
            Call { dispatch: call.dispatch, bound }
        };
        let calls = variant.calls(problem, caps, &places).into_iter().map(call).collect();
        Lowered { calls, scratch: variant.scratch(problem, caps), variant: Some(variant) }
    }

    fn bound(&self, end: End) -> Bound {
        match end {
            End::Params => Bound::Params,
            End::Part(part) => slot(&self.parts[part]),
            End::Weights => Bound::Weights,
            End::Bias => Bound::Bias,
            // Asked for only where there is one.
            End::Residual => slot(self.residual.unwrap_or(self.write)),
            End::Scratch(n) => Bound::Scratch(n),
            End::Dst => slot(self.write),
        }
    }
}
