//! The CPU player: the definition of right. Naive loops, sums in f64, no cleverness, no dependencies. What an op computes stands
//! in its room ([`crate::ops`]), what comes before and after the network here; every such file is the twin of the kernels of that
//! name and may be read beside them.

pub mod decode;
pub mod letterbox;
pub mod nms;
pub mod rank;
pub mod sort;
pub mod to_rgba;

use std::collections::BTreeMap;

use crate::{
    error::{Error, Result},
    graph::{Graph, NodeId, Params},
    tensor::Tensor,
};

pub use decode::decode;
pub use letterbox::letterbox;
pub use nms::nms;
pub use rank::rank;
pub use to_rgba::to_rgba;
#[cfg(feature = "cpu")]
pub use to_rgba::to_rgba_row;

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
        let value = node.op.play(&inputs, params.get(id), node.shape);
        let value = value.map_err(|message| Error::graph(&node.name, message))?;
        debug_assert_eq!(value.shape, node.shape, "{}", node.name);
        values.insert(id, value);
        values.retain(|v, _| last[v.0].is_some_and(|l| l > id.0));
    }
    Ok(values)
}
