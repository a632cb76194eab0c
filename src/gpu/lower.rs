//! Steps to calls: which kernel plays a step, with which constants, and what each of its bindings is.

use crate::{
    error::{Error, Result},
    graph::{
        Conv, Graph, NodeParams, Op, Params,
        plan::{SlotId, Step, View, Work},
    },
    kernels::{
        Dispatch, activation, avg_pool, concat,
        conv::{self, PartAt, Problem, Variant},
        max_pool,
        planes::At,
        sam, scale_channels, shortcut, spp, upsample,
    },
};

/// What one binding of a call is.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// The call's own uniform buffer.
    Params,
    /// A slot of the plan.
    Slot(SlotId),
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

/// How convolutions are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Whether the adapter is a processor.
    pub software: bool,
    /// This variant wherever it is able to.
    pub forced: Option<Variant>,
}

fn at(view: &View) -> At {
    At { shape: view.shape, block: view.block }
}

fn slot(view: &View) -> Bound {
    Bound::Slot(view.slot)
}

/// The call that plays one step.
///
/// # Errors
/// [`Error::Graph`] if the op has no kernel, or the parameters are not there.
pub fn lower(graph: &Graph, params: &Params, step: &Step, choice: Choice) -> Result<Call> {
    let node = graph.node(step.node);
    let (reads, dst) = (&step.reads, at(&step.write));
    let unary = |dispatch| Call { dispatch, bound: vec![Bound::Params, slot(&reads[0]), slot(&step.write)] };
    let binary = |dispatch| Call {
        dispatch,
        bound: vec![Bound::Params, slot(&reads[0]), slot(reads.last().unwrap_or(&reads[0])), slot(&step.write)],
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

fn convolution(graph: &Graph, params: &Params, step: &Step, c: &Conv, choice: Choice) -> Result<Call> {
    let node = graph.node(step.node);
    let Some(NodeParams::Conv { weights, bias }) = params.get(step.node) else {
        return Err(Error::graph(&node.name, "has no weights"));
    };
    let (parts, residual) = step.reads.split_at(step.reads.len() - usize::from(c.epilogue.residual.is_some()));
    let problem = Problem {
        input: graph.node(node.inputs[0]).shape,
        output: node.shape,
        size: c.size,
        stride: (c.stride_y, c.stride_x),
        pad: c.pad,
        dilation: c.dilation,
        groups: c.groups,
        activation: c.epilogue.activation,
        residual: c.epilogue.residual,
    };
    let expected = c.kernel_elements(problem.input.c);
    if weights.len() != expected {
        return Err(Error::graph(&node.name, format!("expected {expected} weights, found {}", weights.len())));
    }
    let forced = choice.forced.filter(|v| v.takes(&problem));
    let variant = forced.unwrap_or_else(|| Variant::choose(&problem, choice.software));
    let places: Vec<PartAt> = parts.iter().map(|v| PartAt { block: v.block, channels: v.shape.c }).collect();
    let residual_block = residual.first().map_or(0, |v| v.block);
    let dispatch = conv::dispatch(variant, &problem, &places, step.write.block, residual_block);
    let part = |i: usize| slot(parts.get(i).unwrap_or(&parts[0]));
    let bound = vec![
        Bound::Params,
        part(0),
        part(1),
        part(2),
        part(3),
        Bound::Weights(conv::pack(variant, &problem, weights)),
        Bound::Bias(conv::pack_bias(&problem, bias.as_deref())),
        slot(residual.first().unwrap_or(&parts[0])),
        slot(&step.write),
    ];
    Ok(Call { dispatch, bound })
}
