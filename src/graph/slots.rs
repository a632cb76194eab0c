//! Slots, and which one every region lives in.

use std::collections::{BTreeMap, BinaryHeap};

use crate::graph::ir::NodeId;

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
    /// Last step that reads it; `usize::MAX` for heads, and what is saved or persistent (see [`Residence`](crate::graph::Residence)).
    pub last: usize,
}

/// Where regions live: a slot, and vectors of it in front of the region.
pub type SlotPlaces = BTreeMap<NodeId, (SlotId, usize)>;

/// Whether two regions are alive at the same time.
pub fn meet(a: &Tenant, b: &Tenant) -> bool {
    a.first <= b.last && b.first <= a.last
}

/// Where in a slot a region may begin, if nobody else may live there at the same time.
pub fn alone(slot: &Slot, tenant: &Tenant) -> Option<usize> {
    slot.tenants.iter().all(|other| !meet(other, tenant)).then_some(0)
}

/// Greedy by size: the largest region first, each into the smallest slot that has room for it for its whole life; `room` says where it begins in one.
pub fn assign(tenants: Vec<Tenant>, room: impl Fn(&Slot, &Tenant) -> Option<usize>) -> (Vec<Slot>, SlotPlaces) {
    // Of equal ones the first in the graph. A heap: sorting is more code than a page should load for this.
    let mut heap: BinaryHeap<_> =
        tenants.iter().enumerate().map(|(i, t)| (t.vectors, std::cmp::Reverse(t.region), i)).collect();
    let mut slots: Vec<Slot> = Vec::new();
    let mut places = SlotPlaces::new();
    while let Some((_, _, next)) = heap.pop() {
        let mut tenant = tenants[next];
        let found =
            slots.iter().enumerate().filter_map(|(i, slot)| Some((slot.vectors, i, room(slot, &tenant)?))).min();
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
