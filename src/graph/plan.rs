//! The plan: an order of steps, a slot for every value. A slot is a whole buffer; values share one if the last step
//! that reads the first comes before the first step that writes the second.

use std::collections::{BTreeMap, BinaryHeap};

use crate::{
    graph::{
        ir::{Graph, NodeId},
        place::{Join, Placing},
        target::{Keep, Residence, Target},
    },
    kernels::conv::Problem,
    ops::Storage,
    tensor::Shape,
};

/// One buffer, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub usize);

/// A value in its slot: blocks of four channels `block .. block + shape.blocks()`, each a plane of `h * w` vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorView {
    /// The buffer.
    pub slot: SlotId,
    /// First block.
    pub block: usize,
    /// Channels, rows, columns of the value.
    pub shape: Shape,
    /// Whether there is one value for all pictures of a batch.
    pub summed: bool,
}

/// One piece of work: at least one dispatch.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The node it plays.
    pub node: NodeId,
    /// What is to be done.
    pub work: Work,
    /// What it reads. For a convolution the parts of input 0, then the residual, if any.
    pub reads: Vec<TensorView>,
    /// What it writes.
    pub write: TensorView,
}

impl Step {
    /// The convolution that this step plays, for so many pictures at once; none if it plays anything else.
    pub fn problem(&self, graph: &Graph, pictures: usize) -> Option<Problem> {
        let problem = graph.problem(self.node, pictures).filter(|_| self.work == Work::Op)?;
        Some(Problem { parts: self.reads.len().saturating_sub(usize::from(problem.residual.is_some())), ..problem })
    }
}

/// What a [`Step`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// The node's op.
    Op,
    /// Adds its one read to what is there: the third and later inputs of a shortcut.
    Accumulate,
    /// Copies channels `from ..` of its read to channels `to .. to + count` of its write.
    Copy {
        /// First channel read.
        from: usize,
        /// First channel written.
        to: usize,
        /// Channels.
        count: usize,
    },
}

/// One buffer of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Size in four-channel vectors: the largest value it holds.
    pub vectors: usize,
    /// The regions that live in it, each with its first and last step; in order of time.
    pub tenants: Vec<Tenant>,
}

/// One region's stay in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The node that the region is named after.
    pub region: NodeId,
    /// Its size, in four-channel vectors.
    pub vectors: usize,
    /// Step that first writes it; 0 for the input too, and for what is there from the frame before.
    pub first: usize,
    /// Last step that reads it; `usize::MAX` for heads, and what is saved or persistent (see [`Residence`]).
    pub last: usize,
}

/// Steps, slots, and where to find the values.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In order.
    pub steps: Vec<Step>,
    /// By [`SlotId`].
    pub slots: Vec<Slot>,
    /// What became of each concat.
    pub joins: BTreeMap<NodeId, Join>,
    views: Vec<Vec<TensorView>>,
}

impl Plan {
    /// Plans a graph; the same graph always gets the same plan. Slots fit into the target's bindings as far as values and
    /// readers of concats allow.
    pub fn new(graph: &Graph, target: &Target) -> Self {
        let placing = Placing::new(graph, target.binding);
        let mut steps = unplaced_steps(graph, &placing);
        let tenants = lifetimes(graph, &placing, &steps, target);
        let (slots, slot_of) = assign(tenants);
        let view = |id: NodeId| {
            let home = placing.home(id);
            let slot = slot_of.get(&home.region).copied().unwrap_or(SlotId(0));
            let node = graph.node(id);
            TensorView { slot, block: home.block, shape: node.shape, summed: node.op.summed() }
        };
        let views: Vec<Vec<TensorView>> =
            graph.iter().map(|(id, _)| placing.parts(graph, id).into_iter().map(view).collect()).collect();
        for (step, reads) in steps.iter_mut() {
            step.reads = reads.iter().flat_map(|id| views[id.0].iter().copied()).collect();
            step.write = view(step.node);
        }
        Self { steps: steps.into_iter().map(|(step, _)| step).collect(), slots, joins: placing.joins, views }
    }

    /// Where a value lies: one view, or one per member of a gathered concat. Valid while its slot is its own.
    pub fn views(&self, id: NodeId) -> &[TensorView] {
        &self.views[id.0]
    }

    /// Bytes of all slots together, at `bytes` per element.
    pub fn peak_bytes(&self, bytes: usize) -> usize {
        self.slots.iter().map(|s| s.vectors * 4 * bytes).sum()
    }

    /// Bytes that no plan can do without: the most that is alive at one step.
    pub fn lower_bound_bytes(&self, bytes: usize) -> usize {
        let tenants = || self.slots.iter().flat_map(|s| &s.tenants);
        let alive = |step| {
            let vectors = tenants().filter(|t| t.first <= step && step <= t.last).map(|t| t.vectors);
            vectors.sum::<usize>() * 4 * bytes
        };
        (0..self.steps.len().max(1)).map(alive).max().unwrap_or(0)
    }
}

/// Steps with the values they read; views are filled in once slots are known.
fn unplaced_steps(graph: &Graph, placing: &Placing) -> Vec<(Step, Vec<NodeId>)> {
    let nowhere = TensorView { slot: SlotId(0), block: 0, shape: Shape::new(0, 0, 0), summed: false };
    let mut steps = Vec::new();
    for (id, node) in graph.iter() {
        let mut push = |work, reads: &[NodeId]| {
            steps.push((Step { node: id, work, reads: vec![], write: nowhere }, reads.to_vec()));
        };
        match node.op.storage() {
            Storage::Given => {}
            Storage::Own => push(Work::Op, &node.inputs),
            Storage::Summed => {
                push(Work::Op, &node.inputs[..2]);
                node.inputs[2..].iter().for_each(|more| push(Work::Accumulate, &[*more]));
            }
            Storage::Range { .. } if placing.is_view(graph, id) => {}
            Storage::Range { start } => {
                // A gathered concat is never sliced: only convolutions read one.
                push(Work::Copy { from: start, to: 0, count: node.shape.c }, &node.inputs);
            }
            Storage::Joined => {
                if let Some(Join::Copied { .. }) = placing.joins.get(&id) {
                    let mut to = 0;
                    for member in &node.inputs {
                        let count = graph.node(*member).shape.c;
                        if placing.home(*member).region != placing.home(id).region {
                            push(Work::Copy { from: 0, to, count }, &[*member]);
                        }
                        to += count;
                    }
                }
            }
        }
    }
    steps
}

fn lifetimes(graph: &Graph, placing: &Placing, steps: &[(Step, Vec<NodeId>)], target: &Target) -> Vec<Tenant> {
    let mut tenants: BTreeMap<NodeId, Tenant> = BTreeMap::new();
    let mut touch = |id: NodeId, first: usize, last: usize| {
        let region = placing.home(id).region;
        let node = graph.node(region);
        let vectors = node.shape.vectors();
        // A slot is as many times as large as a batch has pictures.
        let vectors = if node.op.summed() { vectors.div_ceil(target.pictures) } else { vectors };
        let tenant = tenants.entry(region).or_insert(Tenant { region, vectors, first, last });
        tenant.first = tenant.first.min(first);
        tenant.last = tenant.last.max(last);
    };
    for (i, (step, reads)) in steps.iter().enumerate() {
        touch(step.node, i, i);
        reads.iter().flat_map(|id| placing.parts(graph, *id)).for_each(|id| touch(id, i, i));
    }
    for (id, _) in graph.iter().filter(|(_, node)| node.op.storage() == Storage::Given) {
        // Filled when its turn comes, though by no step.
        let turn = steps.partition_point(|(step, _)| step.node < id);
        touch(id, turn, turn);
    }
    // A graph without heads (in tests) keeps its last value.
    let last = (graph.heads.is_empty() && target.keep == Keep::Heads).then(|| NodeId(graph.nodes.len() - 1));
    let saved: Vec<NodeId> = graph.heads.iter().map(|h| h.input).chain(last).collect();
    for (id, node) in graph.iter() {
        let first = match target.residence(node) {
            Residence::Transient if !saved.contains(&id) => continue,
            Residence::Transient | Residence::Saved => usize::MAX,
            Residence::Persistent => 0,
        };
        placing.parts(graph, id).into_iter().for_each(|part| touch(part, first, usize::MAX));
    }
    tenants.into_values().collect()
}

/// Greedy by size: the largest region first, each into the smallest slot that is free for its whole life.
fn assign(tenants: Vec<Tenant>) -> (Vec<Slot>, BTreeMap<NodeId, SlotId>) {
    // Of equal ones the first in the graph. A heap: sorting is more code than a page should load for this.
    let mut heap: BinaryHeap<_> =
        tenants.iter().enumerate().map(|(i, t)| (t.vectors, std::cmp::Reverse(t.region), i)).collect();
    let mut slots: Vec<Slot> = Vec::new();
    let mut slot_of = BTreeMap::new();
    while let Some((_, _, next)) = heap.pop() {
        let tenant = tenants[next];
        let free = |slot: &Slot| slot.tenants.iter().all(|t| t.last < tenant.first || tenant.last < t.first);
        let found =
            slots.iter().enumerate().filter(|(_, s)| free(s)).min_by_key(|(i, s)| (s.vectors, *i)).map(|(i, _)| i);
        let index = found.unwrap_or_else(|| {
            slots.push(Slot { vectors: tenant.vectors, tenants: vec![] });
            slots.len() - 1
        });
        slot_of.insert(tenant.region, SlotId(index));
        let slot = &mut slots[index];
        let before = slot.tenants.partition_point(|t| t.first < tenant.first);
        slot.tenants.insert(before, tenant);
    }
    (slots, slot_of)
}
