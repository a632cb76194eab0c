//! The layers behind those that stay as they are, as a network of its own: what it reads of them is given.

use crate::{
    error::{Error, Result},
    graph::{
        build::Builder,
        ir::{Graph, Head, NodeId, Params},
    },
};

/// The end of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Tail {
    /// Its nodes and all heads; what is given comes first, a node of [`crate::ops::Op::Input`] each.
    pub graph: Graph,
    /// Values of the whole graph that are given, in the order of those nodes.
    pub given: Vec<NodeId>,
    /// By node: the one of the whole graph that it is.
    pub whole: Vec<NodeId>,
}

/// Leaves out the first `frozen` layers of a graph as loaded.
///
/// # Errors
/// [`Error::Usage`] if none is left out, or a head would be.
pub fn tail(graph: &Graph, frozen: usize) -> Result<Tail> {
    let most = graph.heads.iter().filter_map(|head| graph.node(head.input).layer).min().unwrap_or(0);
    if !(1..=most).contains(&frozen) {
        return Err(Error::Usage(format!("{frozen} layers stay as they are: expected 1 to {most}")));
    }
    let behind = |id: &NodeId| graph.node(*id).layer.is_some_and(|layer| layer >= frozen);
    let mut needed = vec![false; graph.nodes.len()];
    graph.heads.iter().for_each(|head| needed[head.input.0] = true);
    for (id, node) in graph.iter().collect::<Vec<_>>().into_iter().rev() {
        if needed[id.0] && behind(&id) {
            node.inputs.iter().for_each(|input| needed[input.0] = true);
        }
    }
    let wanted = |id: &NodeId| needed[id.0];
    let given: Vec<NodeId> = graph.iter().map(|(id, _)| id).filter(wanted).filter(|id| !behind(id)).collect();
    let rest: Vec<NodeId> = graph.iter().map(|(id, _)| id).filter(wanted).filter(behind).collect();
    let Some((first, more)) = given.split_first() else {
        return Err(Error::graph("tail", "reads nothing of the layers in front of it"));
    };
    let mut builder = Builder::new(graph.node(*first).shape)?;
    let mut moved = vec![NodeId(0); graph.nodes.len()];
    for id in more {
        let node = graph.node(*id);
        moved[id.0] = builder.given(&node.name, node.layer, node.shape)?;
    }
    for id in &rest {
        let node = graph.node(*id);
        let inputs: Vec<NodeId> = node.inputs.iter().map(|input| moved[input.0]).collect();
        moved[id.0] = builder.add(&node.name, node.layer, node.op.clone(), &inputs)?;
    }
    for head in &graph.heads {
        builder.head(&graph.node(head.input).name, Head { input: moved[head.input.0], ..head.clone() })?;
    }
    Ok(Tail { graph: builder.finish(), whole: given.iter().chain(&rest).copied().collect(), given })
}

impl Tail {
    /// Its numbers, of those of the whole graph.
    pub fn params(&self, whole: &Params) -> Params {
        Params(self.whole.iter().map(|id| whole.get(*id).cloned()).collect())
    }

    /// Puts its numbers where they belong in those of the whole graph.
    pub fn put(&self, params: &Params, whole: &mut Params) {
        for (id, numbers) in self.whole.iter().zip(&params.0) {
            if let (Some(to), Some(numbers)) = (whole.0.get_mut(id.0), numbers) {
                *to = Some(numbers.clone());
            }
        }
    }
}
