//! The CPU player: the definition of right. Naive loops, sums in f64, no cleverness, no dependencies; every file is the
//! twin of the kernels of that name and may be read beside them.

// What is new is decided wherever something is decided by kind: no arm guesses for it.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod activation;
pub mod avg_pool;
pub mod batch_norm;
pub mod concat;
pub mod conv;
pub mod decode;
pub mod letterbox;
pub mod max_pool;
pub mod nms;
pub mod rank;
pub mod sam;
pub mod scale_channels;
pub mod shortcut;
pub mod sort;
pub mod spp;
pub mod to_rgba;
pub mod upsample;

mod planes;

use std::collections::BTreeMap;

use crate::{
    error::{Error, Result},
    graph::{Graph, Node, NodeId, NodeParams, Op, Params},
    tensor::Tensor,
};

pub use decode::decode;
pub use letterbox::letterbox;
pub use nms::nms;
pub use rank::rank;
pub use to_rgba::to_rgba;

/// Plays `graph` on `input` and returns the values of `keep`. Other values are freed after their last reader; what
/// nobody needs is not played.
///
/// # Errors
/// [`Error::Graph`] if the input has another shape or a node lacks its parameters.
pub fn play(graph: &Graph, params: &Params, input: &Tensor, keep: &[NodeId]) -> Result<BTreeMap<NodeId, Tensor>> {
    if input.shape != graph.input_shape() {
        return Err(Error::graph("input", format!("expected {}, found {}", graph.input_shape(), input.shape)));
    }
    let mut last = vec![None; graph.nodes.len()];
    for id in keep {
        let known = last.get_mut(id.0);
        *known.ok_or_else(|| Error::Usage(format!("there is no node {}", id.0)))? = Some(usize::MAX);
    }
    for (id, node) in graph.nodes.iter().enumerate().rev() {
        if last[id].is_some() {
            for input in &node.inputs {
                last[input.0] = last[input.0].max(Some(id));
            }
        }
    }
    let mut values: BTreeMap<NodeId, Tensor> = [(NodeId(0), input.clone())].into();
    for (id, node) in graph.iter().skip(1).filter(|(id, _)| last[id.0].is_some()) {
        let inputs: Vec<&Tensor> = node.inputs.iter().filter_map(|i| values.get(i)).collect();
        if inputs.len() != node.inputs.len() {
            return Err(Error::graph(&node.name, "an input has no value"));
        }
        check_params(node, params.get(id), &inputs)?;
        let value = play_node(node, params.get(id), &inputs)?;
        debug_assert_eq!(value.shape, node.shape, "{}", node.name);
        values.insert(id, value);
        values.retain(|v, _| last[v.0].is_some_and(|l| l > id.0));
    }
    Ok(values)
}

/// One number per channel, and a kernel of the convolution's own size.
fn check_params(node: &Node, params: Option<&NodeParams>, inputs: &[&Tensor]) -> Result<()> {
    let check = |what: &str, expected: usize, found: usize| {
        let message = || format!("expected {expected} {what}, found {found}");
        if expected == found { Ok(()) } else { Err(Error::graph(&node.name, message())) }
    };
    match (&node.op, params) {
        (Op::Conv(c), Some(NodeParams::Conv { weights, bias })) => {
            check("weights", c.kernel_elements(inputs[0].shape.c), weights.len())?;
            let biases = if c.bias { c.filters } else { 0 };
            check("biases", biases, bias.as_ref().map_or(0, Vec::len))
        }
        (Op::BatchNorm, Some(NodeParams::BatchNorm { beta, gamma, mean, var, .. })) => [beta, gamma, mean, var]
            .iter()
            .try_for_each(|l| check("batch-norm numbers of each kind", node.shape.c, l.len())),
        // Nobody plays them: `play_node` says so.
        (Op::Input | Op::Conv(_) | Op::BatchNorm, _) => Ok(()),
        (
            Op::Activation(_)
            | Op::Add
            | Op::Mul
            | Op::ScaleChannels
            | Op::Concat
            | Op::Slice { .. }
            | Op::MaxPool(_)
            | Op::Spp { .. }
            | Op::AvgPool
            | Op::Upsample { .. },
            _,
        ) => Ok(()),
    }
}

fn play_node(node: &Node, params: Option<&NodeParams>, inputs: &[&Tensor]) -> Result<Tensor> {
    let x = inputs[0];
    Ok(match (&node.op, params) {
        (Op::Input, _) => return Err(Error::graph(&node.name, "is given, not played")),
        (Op::Conv(c), Some(NodeParams::Conv { weights, bias })) => {
            let residual = inputs.get(1).copied();
            conv::conv(c, weights, bias.as_deref(), x, residual, node.shape)
        }
        (Op::BatchNorm, Some(NodeParams::BatchNorm { beta, gamma, mean, var, eps })) => {
            batch_norm::batch_norm(x, beta, gamma, mean, var, *eps)
        }
        (Op::Conv(_) | Op::BatchNorm, _) => return Err(Error::graph(&node.name, "has no parameters")),
        (Op::Activation(kind), _) => activation::activation(*kind, x),
        (Op::Add, _) => shortcut::shortcut(inputs),
        (Op::Mul, _) => sam::sam(x, inputs[1]),
        (Op::ScaleChannels, _) => scale_channels::scale_channels(x, inputs[1]),
        (Op::Concat, _) => concat::concat(inputs),
        (Op::Slice { start }, _) => concat::slice(x, *start, node.shape.c),
        (Op::MaxPool(p), _) => max_pool::max_pool(p, x, node.shape),
        (Op::Spp { sizes }, _) => spp::spp(*sizes, x),
        (Op::AvgPool, _) => avg_pool::avg_pool(x),
        (Op::Upsample { stride, scale }, _) => upsample::upsample(*stride, *scale, x),
    })
}
