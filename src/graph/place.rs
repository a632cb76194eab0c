//! Where each value lives before slots are given out: alone, inside the value of a concat, or as a range of another.
//!
//! A *region* is one stretch of memory: a value, or a concat with the members that write straight into it. The one
//! law: no node writes into a region that it also reads, for WebGPU refuses a buffer bound both ways in one dispatch.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    graph::ir::{Graph, NodeId},
    kernels::conv::MAX_PARTS,
    ops::Storage,
};

/// What became of one concat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// Every producer writes its slice of the concat's value: nothing moves.
    Placed,
    /// No value of its own: the convolutions that read it bind its members one by one. Nothing moves.
    Gathered,
    /// `copied` of its members are copied in by the concat kernel, the others are placed.
    Copied {
        /// Members that had to be copied.
        copied: usize,
    },
}

/// Where a value lies: `block` planes of four channels into the region of `region`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    /// The node whose value the region is named after.
    pub region: NodeId,
    /// Distance from the region's start, in channel blocks.
    pub block: usize,
}

/// The placement of a whole graph.
#[derive(Clone, Debug)]
pub struct Placing {
    homes: Vec<Home>,
    /// No region should have more vectors than this.
    limit: usize,
    /// What became of each concat.
    pub joins: BTreeMap<NodeId, Join>,
}

impl Placing {
    /// Decides every home, in graph order; deterministic. No concat of more than `limit` four-channel vectors becomes one
    /// region where its members can be gathered.
    pub fn new(graph: &Graph, limit: usize) -> Self {
        let homes = (0..graph.nodes.len()).map(|i| Home { region: NodeId(i), block: 0 }).collect();
        let mut placing = Self { homes, limit, joins: BTreeMap::new() };
        for (id, node) in graph.iter() {
            match node.op.storage() {
                Storage::Range { start } if placing.is_view(graph, id) => {
                    let home = placing.homes[node.inputs[0].0];
                    placing.homes[id.0] = Home { region: home.region, block: home.block + start / 4 };
                }
                Storage::Joined => placing.join(graph, id),
                Storage::Given | Storage::Own | Storage::Summed | Storage::Range { .. } => {}
            }
        }
        placing
    }

    /// The home of a value that is not [`Join::Gathered`].
    pub fn home(&self, id: NodeId) -> Home {
        self.homes[id.0]
    }

    /// The values to bind for `id`: itself, or the members of a gathered concat.
    pub fn parts(&self, graph: &Graph, id: NodeId) -> Vec<NodeId> {
        match self.joins.get(&id) {
            Some(Join::Gathered) => graph.node(id).inputs.clone(),
            Some(Join::Placed | Join::Copied { .. }) | None => vec![id],
        }
    }

    /// Whether a slice is nothing but an offset: whole blocks of a value that exists.
    pub fn is_view(&self, graph: &Graph, id: NodeId) -> bool {
        let node = graph.node(id);
        let gathered = |of: NodeId| self.joins.get(&of) == Some(&Join::Gathered);
        matches!(node.op.storage(), Storage::Range { start } if start % 4 == 0)
            && node.shape.c.is_multiple_of(4)
            && !gathered(node.inputs[0])
    }

    fn join(&mut self, graph: &Graph, id: NodeId) {
        if self.too_large(graph, id) && self.can_gather(graph, id) {
            self.joins.insert(id, Join::Gathered);
            return;
        }
        let before = self.homes.clone();
        let members = &graph.node(id).inputs;
        let mut channel = 0;
        let mut copied = 0;
        for member in members {
            if !self.place(graph, *member, id, channel) {
                copied += 1;
            }
            channel += graph.node(*member).shape.c;
        }
        let join = if copied == 0 {
            Join::Placed
        } else if self.can_gather(graph, id) {
            self.homes = before;
            Join::Gathered
        } else if members.len() - copied != members.iter().filter(|m| self.homes[m.0].region == id).count() {
            // A member that is a range of another one would have to be copied within one buffer.
            self.homes = before;
            Join::Copied { copied: members.len() }
        } else {
            Join::Copied { copied }
        };
        self.joins.insert(id, join);
    }

    /// Moves the region of `member` into that of `concat` at `channel`, if that is legal.
    fn place(&mut self, graph: &Graph, member: NodeId, concat: NodeId, channel: usize) -> bool {
        let node = graph.node(member);
        let alone = self.homes[member.0] == Home { region: member, block: 0 };
        let twice = graph.node(concat).inputs.iter().filter(|m| **m == member).count() > 1;
        let last = graph.node(concat).shape.c == channel + node.shape.c;
        let whole_blocks = channel.is_multiple_of(4) && (last || node.shape.c.is_multiple_of(4));
        let has_value = node.op.storage() != Storage::Given && self.joins.get(&member) != Some(&Join::Gathered);
        if !alone || twice || !whole_blocks || !has_value {
            return false;
        }
        let merged: BTreeSet<NodeId> = [member, concat].into();
        let conflict = graph.iter().take(concat.0).any(|(writer, _)| {
            merged.contains(&self.homes[writer.0].region)
                && self.writes(graph, writer)
                && self.reads(graph, writer).any(|r| merged.contains(&self.homes[r.0].region))
        });
        if conflict {
            return false;
        }
        for home in self.homes.iter_mut().filter(|h| h.region == member) {
            *home = Home { region: concat, block: home.block + channel / 4 };
        }
        true
    }

    /// Whether playing the node stores anything (views and gathered concats do not).
    fn writes(&self, graph: &Graph, id: NodeId) -> bool {
        match graph.node(id).op.storage() {
            Storage::Given => false,
            Storage::Own | Storage::Summed => true,
            Storage::Range { .. } => !self.is_view(graph, id),
            Storage::Joined => matches!(self.joins.get(&id), Some(Join::Copied { .. })),
        }
    }

    fn reads<'a>(&'a self, graph: &'a Graph, id: NodeId) -> impl Iterator<Item = NodeId> + 'a {
        // A concat reads only what it copies: the placed members are in its region already.
        let is_concat = graph.node(id).op.storage() == Storage::Joined;
        let placed = move |r: &NodeId| is_concat && self.homes[r.0].region == self.homes[id.0].region;
        graph.node(id).inputs.iter().flat_map(|input| self.parts(graph, *input)).filter(move |r| !placed(r))
    }

    fn too_large(&self, graph: &Graph, id: NodeId) -> bool {
        graph.node(id).shape.vectors() > self.limit
    }

    /// Whether every reader of the concat is a convolution that can bind the members instead. One that is too large need not
    /// be read at all: others may read its members.
    fn can_gather(&self, graph: &Graph, id: NodeId) -> bool {
        let members = &graph.node(id).inputs;
        let whole_blocks = members.iter().rev().skip(1).all(|m| graph.node(*m).shape.c.is_multiple_of(4));
        let exist = members.iter().all(|m| self.joins.get(m) != Some(&Join::Gathered));
        let mut readers = graph.nodes.iter().filter(|n| n.inputs.contains(&id)).peekable();
        members.len() <= MAX_PARTS
            && whole_blocks
            && exist
            && graph.heads.iter().all(|h| h.input != id)
            && (readers.peek().is_some() || self.too_large(graph, id))
            && readers.all(|n| n.op.gathers() && !n.inputs[1..].contains(&id))
    }
}
