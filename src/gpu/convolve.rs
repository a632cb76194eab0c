//! A convolution to calls, on the rung of the ladder that was chosen for its shape.

use crate::{
    error::{Error, Result},
    gpu::{
        lower::{Bound, Call, Lowered, slot},
        tune::Table,
    },
    graph::{
        Graph, NodeParams, Op, Params,
        plan::{Step, View},
    },
    kernels::{
        conv::{self, PartAt, Problem},
        ladder::{Caps, Variant},
        pack::{self, Sink},
        winograd::Tile,
    },
};

/// How rungs are chosen.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// What the adapter can do.
    pub caps: Caps,
    /// This variant wherever it is able to.
    pub forced: Option<Variant>,
    /// What was measured.
    pub tuned: &'a Table,
    /// Pictures of the batch.
    pub pictures: usize,
}

impl Choice<'_> {
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
pub fn lower(graph: &Graph, step: &Step, choice: &Choice<'_>) -> Result<Lowered> {
    let problem = problem(graph, step, choice)?;
    let (parts, residual) = step.reads.split_at(step.reads.len() - usize::from(problem.residual.is_some()));
    let ends = Ends { parts, residual: residual.first(), write: &step.write };
    Ok(ends.calls(choice.variant(&problem), &problem, &choice.caps))
}

fn problem(graph: &Graph, step: &Step, choice: &Choice<'_>) -> Result<Problem> {
    let none = || Error::graph(&graph.node(step.node).name, "is no convolution");
    step.problem(graph, choice.pictures).ok_or_else(none)
}

/// What weights and bias of a step are filled with.
pub struct Numbers<'a> {
    /// Elements of the weights.
    pub elements: usize,
    /// Hands them over.
    pub weights: Box<dyn Fn(&mut Sink<'_>) + 'a>,
    /// The bias.
    pub bias: Vec<f32>,
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
    choice: &Choice<'_>,
) -> Result<Numbers<'a>> {
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
    Ok(Numbers {
        elements: packed_len(variant, &problem, &caps),
        weights: Box::new(move |sink| match variant.winograd() {
            Some(tile) => tile.pack(&problem, &caps, weights, sink),
            None => pack::pack(variant, &problem, weights, sink),
        }),
        bias: pack::pack_bias(&problem, bias.as_deref()),
    })
}

/// Elements of the weights as the kernels of a rung read them.
pub fn packed_len(variant: Variant, problem: &Problem, caps: &Caps) -> usize {
    match variant.winograd() {
        Some(tile) => tile.packed_len(problem, caps),
        None => pack::packed_len(variant, problem),
    }
}

/// What a convolution reads and writes, whichever kernels do it.
pub struct Ends<'a> {
    /// The input, in up to four parts.
    pub parts: &'a [View],
    /// Added before the last activation.
    pub residual: Option<&'a View>,
    /// The output.
    pub write: &'a View,
}

impl Ends<'_> {
    /// Where the parts of the input lie.
    fn places(&self) -> Vec<PartAt> {
        self.parts.iter().map(|v| PartAt { block: v.block, channels: v.shape.c }).collect()
    }

    fn residual_block(&self) -> usize {
        self.residual.map_or(0, |v| v.block)
    }

    /// Group 0 in the order of `conv::BINDINGS`; the parts stand in for a residual that is not there.
    fn bound(&self, weights: Bound, dst: Bound) -> Vec<Bound> {
        let part = |i: usize| slot(self.parts.get(i).unwrap_or(&self.parts[0]));
        let residual = slot(self.residual.unwrap_or(&self.parts[0]));
        vec![Bound::Params, part(0), part(1), part(2), part(3), weights, Bound::Bias, residual, dst]
    }

    /// The calls of a rung.
    pub fn calls(self, variant: Variant, problem: &Problem, caps: &Caps) -> Lowered {
        let (calls, scratch) = match (variant, variant.winograd()) {
            (_, Some(tile)) => (self.winograd(tile, problem, caps), tile.scratch(problem)),
            (Variant::Split, _) => (self.split(problem, caps), [conv::split_vectors(problem), 0]),
            _ => {
                let residual_block = self.residual_block();
                let dispatch = conv::dispatch(variant, problem, caps, &self.places(), self.write.block, residual_block);
                (vec![Call { dispatch, bound: self.bound(Bound::Weights, slot(self.write)) }], [0; 2])
            }
        };
        Lowered { calls, scratch, variant: Some(variant) }
    }

    fn winograd(self, tile: Tile, problem: &Problem, caps: &Caps) -> Vec<Call> {
        let (values, products) = (Bound::Scratch(0), Bound::Scratch(1));
        let first = Call {
            dispatch: tile.input(problem, &self.places()),
            bound: self.bound(slot(&self.parts[0]), values.clone()),
        };
        let second = Call {
            dispatch: tile.products(problem, caps),
            bound: between(&values, Bound::Weights, values.clone(), products.clone()),
        };
        let residual = self.residual.map_or(products.clone(), slot);
        let third = Call {
            dispatch: tile.output(problem, self.write.block, self.residual_block()),
            bound: between(&products, products.clone(), residual, slot(self.write)),
        };
        vec![first, second, third]
    }

    fn split(self, problem: &Problem, caps: &Caps) -> Vec<Call> {
        let sums = Bound::Scratch(0);
        let [first, second] = conv::shared(problem, caps, &self.places(), self.write.block, self.residual_block());
        let residual = self.residual.map_or(sums.clone(), slot);
        let end = between(&sums, sums.clone(), residual, slot(self.write));
        // The first knows nothing of a residual, nor of what stands in for it.
        let start = Ends { residual: None, ..self };
        vec![Call { dispatch: first, bound: start.bound(Bound::Weights, sums) }, Call { dispatch: second, bound: end }]
    }
}

/// Group 0 of a call that reads a value between the calls of a convolution. What a kernel declares and does not read is
/// bound to what it reads anyway.
fn between(src: &Bound, weights: Bound, residual: Bound, dst: Bound) -> Vec<Bound> {
    let src = || src.clone();
    vec![Bound::Params, src(), src(), src(), src(), weights, Bound::Bias, residual, dst]
}
