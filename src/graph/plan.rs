//! The plan: an order of steps, a slot for every value. A slot is a whole buffer; values share one if the last step
//! that reads the first comes before the first step that writes the second, or where the target says so side by side.

use std::collections::BTreeMap;

#[cfg(feature = "train")]
use crate::graph::sharing::Sharing;
use crate::{
    graph::{
        ir::{Graph, NodeId},
        place::{Join, Placing},
        slots::{SlotPlaces, alone, assign},
        target::{Keep, Residence, Target},
    },
    kernels::conv::Problem,
    ops::Storage,
    tensor::Shape,
};

pub use crate::graph::slots::{Slot, SlotId, Tenant};

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
        let (slots, slot_of) = assigned(graph, &placing, &steps, tenants, target);
        let view = |id: NodeId| {
            let home = placing.home(id);
            let (slot, offset) = slot_of.get(&home.region).copied().unwrap_or((SlotId(0), 0));
            let node = graph.node(id);
            let block = offset / graph.node(home.region).shape.pixels() + home.block;
            TensorView { slot, block, shape: node.shape, summed: node.op.summed() }
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
        self.fullest().1 * 4 * bytes
    }

    /// The step at which most is alive, and how many four-channel vectors are.
    pub fn fullest(&self) -> (usize, usize) {
        let tenants = || self.slots.iter().flat_map(|s| &s.tenants);
        let alive = |step| tenants().filter(|t| t.first <= step && step <= t.last).map(|t| t.vectors).sum::<usize>();
        // Of equal ones the first.
        let all = (0..self.steps.len().max(1)).map(|step| (step, alive(step)));
        all.rev().max_by_key(|(_, vectors)| *vectors).unwrap_or((0, 0))
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
        let tenant = tenants.entry(region).or_insert(Tenant { region, vectors, offset: 0, first, last });
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

/// Which slot every region lives in: by itself, or where the target says so beside others.
fn assigned(
    graph: &Graph,
    placing: &Placing,
    steps: &[(Step, Vec<NodeId>)],
    tenants: Vec<Tenant>,
    target: &Target,
) -> (Vec<Slot>, SlotPlaces) {
    #[cfg(feature = "train")]
    if target.shared {
        let region = |id: NodeId| placing.home(id).region;
        let binds = steps.iter().map(|(step, reads)| {
            let read = reads.iter().flat_map(|id| placing.parts(graph, *id)).map(region);
            (region(step.node), read.collect())
        });
        let sharing = Sharing::new(graph, binds, target);
        return assign(tenants, |slot, tenant| sharing.room(slot, tenant));
    }
    #[cfg(not(feature = "train"))]
    let _ = (graph, placing, steps, target);
    assign(tenants, alone)
}
