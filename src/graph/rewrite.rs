//! What the passes share: a graph taken apart, nodes replaced by others, put together again without the dead ones.

use crate::graph::ir::{Graph, Head, Node, NodeId, Params};

/// A graph under rewriting. Ids are those of the graph it began as until [`Rewrite::finish`].
pub struct Rewrite {
    /// The nodes, to be changed in place; an input must keep coming before its reader.
    pub nodes: Vec<Node>,
    /// The numbers, by node.
    pub params: Params,
    heads: Vec<Head>,
    replaced: Vec<NodeId>,
    outputs: Vec<NodeId>,
}

impl Rewrite {
    /// Takes `graph` apart.
    pub fn new(graph: Graph, mut params: Params) -> Self {
        let n = graph.nodes.len();
        params.0.resize(n, None);
        Self { nodes: graph.nodes, heads: graph.heads, params, replaced: (0..n).map(NodeId).collect(), outputs: vec![] }
    }

    /// From now on whoever reads `old` reads `new`.
    pub fn replace(&mut self, old: NodeId, new: NodeId) {
        self.replaced[old.0] = new;
    }

    /// Keeps `id` even if nobody reads it.
    pub fn keep(&mut self, id: NodeId) {
        self.outputs.push(id);
    }

    /// Whether somebody wants the value of `id` itself.
    pub fn is_kept(&self, id: NodeId) -> bool {
        self.outputs.contains(&id)
    }

    /// What stands for `id` now.
    pub fn current(&self, mut id: NodeId) -> NodeId {
        while self.replaced[id.0] != id {
            id = self.replaced[id.0];
        }
        id
    }

    /// How often each node is read now; heads and kept nodes count.
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        let live = (0..self.nodes.len()).filter(|i| self.replaced[*i] == NodeId(*i));
        for id in
            live.flat_map(|i| &self.nodes[i].inputs).chain(self.heads.iter().map(|h| &h.input)).chain(&self.outputs)
        {
            uses[self.current(*id).0] += 1;
        }
        uses
    }

    /// Puts the graph together: replaced nodes and those nobody needs are gone, the rest numbered anew in order.
    pub fn finish(self) -> (Graph, Params) {
        let mut needed = vec![false; self.nodes.len()];
        needed[0] = true;
        for id in self.heads.iter().map(|h| h.input).chain(self.outputs.iter().copied()) {
            needed[self.current(id).0] = true;
        }
        if self.heads.is_empty() && self.outputs.is_empty() {
            // A graph without heads (in tests) is all result.
            (0..needed.len()).for_each(|i| needed[self.current(NodeId(i)).0] = true);
        }
        for i in (0..self.nodes.len()).rev().filter(|i| self.replaced[*i] == NodeId(*i)) {
            if needed[i] {
                self.nodes[i].inputs.iter().for_each(|input| needed[self.current(*input).0] = true);
            }
        }
        let mut number = vec![NodeId(0); self.nodes.len()];
        let mut count = 0;
        for i in (0..self.nodes.len()).filter(|i| needed[*i]) {
            number[i] = NodeId(count);
            count += 1;
        }
        let renumber = |id: NodeId, replaced: &[NodeId]| {
            let mut id = id;
            while replaced[id.0] != id {
                id = replaced[id.0];
            }
            number[id.0]
        };
        let Self { nodes, params, heads, replaced, .. } = self;
        let mut out = Graph { nodes: Vec::with_capacity(count), heads };
        let mut out_params = Params(Vec::with_capacity(count));
        for (i, (mut node, numbers)) in nodes.into_iter().zip(params.0).enumerate() {
            if needed[i] {
                node.inputs.iter_mut().for_each(|input| *input = renumber(*input, &replaced));
                out.nodes.push(node);
                out_params.0.push(numbers);
            }
        }
        out.heads.iter_mut().for_each(|head| head.input = renumber(head.input, &replaced));
        (out, out_params)
    }
}
