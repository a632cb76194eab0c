//! Several values in one slot, side by side.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{
    ir::{Graph, NodeId},
    slots::{Slot, Tenant, alone, meet},
    target::{Residence, Target},
};

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
        let by_itself = |id: NodeId| {
            let node = graph.node(id);
            node.op.summed() || target.residence(node) == Residence::Persistent
        };
        let planes = graph
            .iter()
            .map(|(id, _)| id)
            .filter(|id| !by_itself(*id))
            .map(|id| (id, graph.node(id).shape.pixels()))
            .collect();
        Self { apart, planes }
    }

    /// Where in a slot a region may begin, beside those that live there at the same time.
    pub fn room(&self, slot: &Slot, tenant: &Tenant) -> Option<usize> {
        let Some(plane) = self.planes.get(&tenant.region).copied() else { return alone(slot, tenant) };
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
