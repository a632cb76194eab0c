//! Slots, and which one every region lives in.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::graph::{
    ir::{Graph, NodeId},
    target::{Residence, Target},
};

/// One buffer, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub usize);

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
    /// Vectors of the slot in front of it.
    pub offset: usize,
    /// Step that first writes it; 0 for the input too, and for what is there from the frame before.
    pub first: usize,
    /// Last step that reads it; `usize::MAX` for heads, and what is saved or persistent (see [`Residence`]).
    pub last: usize,
}

/// Where regions live: a slot, and vectors of it in front of the region.
pub type SlotPlaces = BTreeMap<NodeId, (SlotId, usize)>;

/// Which regions may live in one slot at the same time, side by side: no dispatch binds one buffer for reading and for writing, even in disjoint ranges.
pub struct Sharing {
    /// By region: those that are read where it is written, or written where it is read.
    apart: BTreeMap<NodeId, BTreeSet<NodeId>>,
    /// By region that may share: vectors of a plane, at a multiple of which it has to begin.
    planes: BTreeMap<NodeId, usize>,
}

impl Sharing {
    /// `binds`: of every step the region that it writes, and those that it reads. What is kept from frame to frame, and what has one value for a batch, lives
    /// alone.
    pub fn new(graph: &Graph, binds: impl Iterator<Item = (NodeId, Vec<NodeId>)>, target: &Target) -> Self {
        let mut apart: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
        for (written, reads) in binds {
            for read in reads {
                apart.entry(written).or_default().insert(read);
                apart.entry(read).or_default().insert(written);
            }
        }
        let alone = |id: NodeId| {
            let node = graph.node(id);
            node.op.summed() || target.residence(node) == Residence::Persistent
        };
        let planes = graph
            .iter()
            .map(|(id, _)| id)
            .filter(|id| !alone(*id))
            .map(|id| (id, graph.node(id).shape.pixels()))
            .collect();
        Self { apart, planes }
    }

    /// Where in a slot a region may begin, beside those that live there at the same time.
    fn offset(&self, slot: &Slot, tenant: &Tenant) -> Option<usize> {
        let plane = *self.planes.get(&tenant.region)?;
        let mut beside: Vec<&Tenant> = slot.tenants.iter().filter(|other| meet(other, tenant)).collect();
        let apart = |other: &&Tenant| {
            let never = self.apart.get(&tenant.region).is_some_and(|apart| apart.contains(&other.region));
            never || !self.planes.contains_key(&other.region)
        };
        if beside.iter().any(apart) {
            return None;
        }
        beside.sort_by_key(|other| other.offset);
        let mut from = 0;
        for other in beside {
            if from + tenant.vectors <= other.offset {
                break;
            }
            from = from.max((other.offset + other.vectors).next_multiple_of(plane));
        }
        (from + tenant.vectors <= slot.vectors).then_some(from)
    }
}

/// Whether two regions are alive at the same time.
fn meet(a: &Tenant, b: &Tenant) -> bool {
    a.first <= b.last && b.first <= a.last
}

/// Greedy by size: the largest region first, each into the smallest slot that has room for it for its whole life.
pub fn assign(tenants: Vec<Tenant>, sharing: Option<&Sharing>) -> (Vec<Slot>, SlotPlaces) {
    // Of equal ones the first in the graph. A heap: sorting is more code than a page should load for this.
    let mut heap: BinaryHeap<_> =
        tenants.iter().enumerate().map(|(i, t)| (t.vectors, std::cmp::Reverse(t.region), i)).collect();
    let mut slots: Vec<Slot> = Vec::new();
    let mut places = SlotPlaces::new();
    while let Some((_, _, next)) = heap.pop() {
        let mut tenant = tenants[next];
        let room = |slot: &Slot| match sharing {
            Some(sharing) if sharing.planes.contains_key(&tenant.region) => sharing.offset(slot, &tenant),
            _ => slot.tenants.iter().all(|other| !meet(other, &tenant)).then_some(0),
        };
        let found = slots.iter().enumerate().filter_map(|(i, slot)| Some((slot.vectors, i, room(slot)?))).min();
        let (index, offset) = match found {
            Some((_, index, offset)) => (index, offset),
            None => {
                slots.push(Slot { vectors: tenant.vectors, tenants: vec![] });
                (slots.len() - 1, 0)
            }
        };
        tenant.offset = offset;
        places.insert(tenant.region, (SlotId(index), offset));
        let slot = &mut slots[index];
        let before = slot.tenants.partition_point(|t| t.first < tenant.first);
        slot.tenants.insert(before, tenant);
    }
    (slots, places)
}
