//! The fuse pass: activations, shortcuts and upsamples move into the epilogue of the convolution before them, and three
//! max pools with their concat become one SPP node.

use crate::{
    graph::{
        ir::{Graph, NodeId, Params},
        rewrite::Rewrite,
    },
    ops::{Activation, Op, Pool, Spp, Upsample},
};

/// A graph with fewer, fuller nodes. Values that are to be kept, by [`crate::graph::Node::origin`], stay values of their own.
pub fn fuse(graph: Graph, params: Params, keep: impl Fn(NodeId) -> bool) -> (Graph, Params) {
    let mut rewrite = Rewrite::new(graph, params);
    for i in 0..rewrite.nodes.len() {
        if keep(rewrite.nodes[i].origin) {
            rewrite.keep(NodeId(i));
        }
    }
    for i in 0..rewrite.nodes.len() {
        let id = NodeId(i);
        let inputs: Vec<NodeId> = rewrite.nodes[i].inputs.iter().map(|input| rewrite.current(*input)).collect();
        rewrite.nodes[i].inputs.clone_from(&inputs);
        let op = &rewrite.nodes[i].op;
        if let Op::Activation(kind) = *op {
            fuse_activation(&mut rewrite, id, inputs[0], kind);
        } else if matches!(op, Op::Add) && inputs.len() == 2 {
            fuse_residual(&mut rewrite, id, &inputs);
        } else if let Op::Upsample(Upsample { stride, scale: 1.0 }) = *op {
            fuse_upsample(&mut rewrite, id, inputs[0], stride);
        } else if matches!(op, Op::Concat) && inputs.len() == 4 {
            fuse_spp(&mut rewrite, id, &inputs);
        }
    }
    rewrite.finish()
}

fn fuse_activation(rewrite: &mut Rewrite, id: NodeId, before: NodeId, kind: Activation) {
    if kind == Activation::Linear {
        if !matches!(rewrite.nodes[before.0].op, Op::Input) && !rewrite.is_kept(before) {
            rewrite.nodes[before.0].origin = rewrite.nodes[id.0].origin;
            rewrite.replace(id, before);
        }
        return;
    }
    if rewrite.uses()[before.0] != 1 {
        return;
    }
    let origin = rewrite.nodes[id.0].origin;
    let Op::Conv(conv) = &mut rewrite.nodes[before.0].op else { return };
    match &mut conv.epilogue.residual {
        Some(after @ Activation::Linear) => *after = kind,
        None if conv.epilogue.activation == Activation::Linear => conv.epilogue.activation = kind,
        _ => return,
    }
    rewrite.nodes[before.0].origin = origin;
    rewrite.replace(id, before);
}

/// `add(conv, x)` becomes `conv` with residual `x`, if nobody else wants the bare convolution and `x` is older.
fn fuse_residual(rewrite: &mut Rewrite, id: NodeId, inputs: &[NodeId]) {
    let uses = rewrite.uses();
    let shape = rewrite.nodes[id.0].shape;
    for (conv, other) in [(inputs[0], inputs[1]), (inputs[1], inputs[0])] {
        let same = rewrite.nodes[conv.0].shape == shape && rewrite.nodes[other.0].shape == shape;
        if !same || uses[conv.0] != 1 || other >= conv {
            continue;
        }
        let origin = rewrite.nodes[id.0].origin;
        let node = &mut rewrite.nodes[conv.0];
        let Op::Conv(c) = &mut node.op else { continue };
        if c.epilogue.residual.is_none() && c.epilogue.upsample == 1 {
            c.epilogue.residual = Some(Activation::Linear);
            node.inputs.push(other);
            node.origin = origin;
            rewrite.replace(id, conv);
            return;
        }
    }
}

/// A convolution whose only reader is an upsample stores every pixel as often as that would have. The same bytes are
/// written, none are read again, and readers need not know that a part of theirs is smaller than the others.
fn fuse_upsample(rewrite: &mut Rewrite, id: NodeId, before: NodeId, stride: usize) {
    if rewrite.uses()[before.0] != 1 {
        return;
    }
    let (origin, shape) = (rewrite.nodes[id.0].origin, rewrite.nodes[id.0].shape);
    let node = &mut rewrite.nodes[before.0];
    let Op::Conv(conv) = &mut node.op else { return };
    conv.epilogue.upsample *= stride;
    (node.shape, node.origin) = (shape, origin);
    rewrite.replace(id, before);
}

/// Three stride-1 pools of one value and the value itself, joined in any order (Darknet: 13, 9, 5, x).
fn fuse_spp(rewrite: &mut Rewrite, id: NodeId, inputs: &[NodeId]) {
    let uses = rewrite.uses();
    let pooled = |input: &NodeId| {
        let Op::MaxPool(p) = rewrite.nodes[input.0].op else { return None };
        (p.size % 2 == 1 && p == Pool::same(p.size)).then(|| (p.size, rewrite.nodes[input.0].inputs[0]))
    };
    let Some(source) = inputs.iter().find_map(|i| pooled(i).map(|(_, x)| x)) else { return };
    let mut sizes = [0; 4];
    for (size, input) in sizes.iter_mut().zip(inputs) {
        *size = match pooled(input) {
            Some((size, x)) if x == source && uses[input.0] == 1 => size,
            None if *input == source => 1,
            _ => return,
        };
    }
    let slices_are_whole_blocks = rewrite.nodes[source.0].shape.c.is_multiple_of(4);
    if sizes.iter().filter(|s| **s == 1).count() == 1 && slices_are_whole_blocks {
        let node = &mut rewrite.nodes[id.0];
        node.op = Op::Spp(Spp { sizes });
        node.inputs = vec![source];
    }
}
