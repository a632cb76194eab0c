//! Steps to calls: which kernel plays a step, with which constants, and what each of its bindings is.

use crate::{
    error::{Error, Result},
    graph::{
        Conv, Graph, Node, NodeParams, Op, Params,
        plan::{SlotId, Step, View, Work},
    },
    kernels::{
        Dispatch, activation, avg_pool, concat,
        conv::{self, Caps, PartAt, Problem, Variant},
        max_pool,
        planes::At,
        sam, scale_channels, shortcut, spp, upsample,
        winograd::Tile,
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
    /// Numbers that never change, as stored on the GPU (elements).
    Weights(Vec<f32>),
    /// Likewise, always f32.
    Bias(Vec<f32>),
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

/// How convolutions are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the adapter can do.
    pub caps: Caps,
    /// This variant wherever it is able to.
    pub forced: Option<Variant>,
}

fn at(view: &View) -> At {
    At { shape: view.shape, block: view.block }
}

fn slot(view: &View) -> Bound {
    Bound::Slot(view.slot)
}

/// The calls that play one step.
///
/// # Errors
/// [`Error::Graph`] if the op has no kernel, or the parameters are not there.
pub fn lower(graph: &Graph, params: &Params, step: &Step, choice: Choice) -> Result<Lowered> {
    let node = graph.node(step.node);
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
        (Work::Op, Op::Conv(c)) => convolution(graph, params, step, c, choice)?,
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
        (Work::Op, op) => return Err(Error::graph(&node.name, format!("no kernel plays {}", op.name()))),
    })
}

fn convolution(graph: &Graph, params: &Params, step: &Step, c: &Conv, choice: Choice) -> Result<Lowered> {
    let node = graph.node(step.node);
    let Some(NodeParams::Conv { weights, bias }) = params.get(step.node) else {
        return Err(Error::graph(&node.name, "has no weights"));
    };
    let problem = problem(graph, node, c);
    let expected = c.kernel_elements(problem.input.c);
    if weights.len() != expected {
        return Err(Error::graph(&node.name, format!("expected {expected} weights, found {}", weights.len())));
    }
    let (parts, residual) = step.reads.split_at(step.reads.len() - usize::from(c.epilogue.residual.is_some()));
    let forced = choice.forced.filter(|v| v.takes(&problem, &choice.caps));
    let variant = forced.unwrap_or_else(|| Variant::choose(&problem, &choice.caps));
    let ends = Ends {
        parts,
        residual: residual.first(),
        bias: Bound::Bias(conv::pack_bias(&problem, bias.as_deref())),
        write: &step.write,
    };
    let (calls, scratch) = match variant.winograd() {
        Some(tile) => (ends.winograd(tile, &problem, weights, &choice.caps), tile.scratch(&problem)),
        None => (vec![ends.single(variant, &problem, weights)], [0; 2]),
    };
    Ok(Lowered { calls, scratch, variant: Some(variant) })
}

/// A convolution of the fused graph as its kernels see it.
fn problem(graph: &Graph, node: &Node, c: &Conv) -> Problem {
    Problem {
        input: graph.node(node.inputs[0]).shape,
        output: node.shape,
        size: c.size,
        stride: (c.stride_y, c.stride_x),
        pad: c.pad,
        dilation: c.dilation,
        groups: c.groups,
        activation: c.epilogue.activation,
        residual: c.epilogue.residual,
    }
}

/// What a convolution reads and writes, whichever kernels do it.
struct Ends<'a> {
    parts: &'a [View],
    residual: Option<&'a View>,
    bias: Bound,
    write: &'a View,
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
        vec![Bound::Params, part(0), part(1), part(2), part(3), weights, self.bias.clone(), residual, dst]
    }

    fn single(self, variant: Variant, problem: &Problem, weights: &[f32]) -> Call {
        let dispatch = conv::dispatch(variant, problem, &self.places(), self.write.block, self.residual_block());
        let weights = Bound::Weights(conv::pack(variant, problem, weights));
        Call { dispatch, bound: self.bound(weights, slot(self.write)) }
    }

    fn winograd(self, tile: Tile, problem: &Problem, weights: &[f32], caps: &Caps) -> Vec<Call> {
        let (values, products) = (Bound::Scratch(0), Bound::Scratch(1));
        let gemm = Variant::gemm(tile.tiles(problem.output), caps);
        let packed = conv::pack_batch(gemm, &tile.product(problem), &tile.weights(problem, weights));
        // What a kernel declares and does not read is bound to what it reads anyway.
        let between = |src: &Bound, weights: Bound, residual: Bound, bias: Bound, dst: Bound| {
            let src = || src.clone();
            vec![Bound::Params, src(), src(), src(), src(), weights, bias, residual, dst]
        };
        let first = Call {
            dispatch: tile.input(problem, &self.places()),
            bound: self.bound(slot(&self.parts[0]), values.clone()),
        };
        let second = Call {
            dispatch: tile.products(gemm, problem),
            bound: between(&values, Bound::Weights(packed), values.clone(), self.bias.clone(), products.clone()),
        };
        let residual = self.residual.map_or(products.clone(), slot);
        let third = Call {
            dispatch: tile.output(problem, self.write.block, self.residual_block()),
            bound: between(&products, products.clone(), residual, self.bias.clone(), slot(self.write)),
        };
        vec![first, second, third]
    }
}
