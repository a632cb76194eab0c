//! The layers of a graph that have numbers.

use crate::{
    graph::{Graph, NodeId},
    ops::Op,
};

/// A convolution with the batch-norm that follows it, or either by itself, of a graph as loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighted {
    /// Number of the layer, as its nodes are labelled.
    pub layer: usize,
    /// Its convolution.
    pub conv: Option<NodeId>,
    /// Its batch-norm.
    pub norm: Option<NodeId>,
    /// Output channels.
    pub filters: usize,
    /// Elements of its kernel.
    pub weights: usize,
}

impl Graph {
    /// Every layer that has numbers, in order of play.
    pub fn weighted(&self) -> Vec<Weighted> {
        let mut found: Vec<Weighted> = vec![];
        for (id, node) in self.iter() {
            let layer = node.layer.unwrap_or_default();
            if let Op::Conv(conv) = &node.op {
                let weights = conv.kernel_elements(self.node(node.inputs[0]).shape.c);
                found.push(Weighted { layer, conv: Some(id), norm: None, filters: conv.filters, weights });
            } else if node.op == Op::BatchNorm {
                // One with a bias of its own is a layer, and the batch-norm behind it another.
                let plain = self.node(node.inputs[0]).op.conv().is_some_and(|conv| !conv.bias);
                match found.last_mut() {
                    Some(last) if plain && last.conv == Some(node.inputs[0]) => last.norm = Some(id),
                    _ => found.push(Weighted { layer, conv: None, norm: Some(id), filters: node.shape.c, weights: 0 }),
                }
            }
        }
        found
    }
}
