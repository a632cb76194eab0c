//! Receptive fields (Table 7 of the paper): how much of the picture a value depends on.

use crate::{graph::ir::Graph, ops::Sight};

/// Of one value: as far as windows reach, not cut off at the picture's edge.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Reach {
    /// Pixels of the network's input that it depends on, along a side.
    pub field: u64,
    /// Pixels of the input from one value to the next: its stride.
    pub step: f64,
}

impl Reach {
    /// Of the picture itself.
    const INPUT: Self = Self { field: 1, step: 1.0 };

    /// Of a value whose pixels see so much of one that reaches so far. Each row more of a window adds a step, each stride makes
    /// steps larger, and upsampling smaller.
    fn seen(self, sight: Sight, side: usize) -> Self {
        if sight.size == usize::MAX {
            return Self { field: self.field.max(side as u64), step: side as f64 };
        }
        let more = (sight.size as f64 - 1.0) * self.step;
        Self { field: self.field + more.ceil() as u64, step: self.step * sight.stride as f64 / sight.times as f64 }
    }
}

/// Of every node's value, by number. A value of several inputs reaches as far as the one that reaches furthest, and has the step of the
/// finest: what has but one pixel a plane is there for all of them.
pub fn reaches(graph: &Graph) -> Vec<Reach> {
    let input = graph.input_shape();
    let side = input.h.max(input.w);
    let mut all: Vec<Reach> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let seen = node
            .inputs
            .iter()
            .filter_map(|input| all.get(input.0))
            .copied()
            .reduce(|a, b| Reach { field: a.field.max(b.field), step: a.step.min(b.step) });
        all.push(seen.map_or(Reach::INPUT, |reach| reach.seen(node.op.sight(), side)));
    }
    all
}
