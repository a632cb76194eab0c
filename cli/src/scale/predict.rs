//! How long a network that was never played would take here: laws for its nodes, learnt from a few that were.

use std::collections::BTreeMap;

use yolov4::low_level::{
    gpu::Program,
    graph::{Graph, Node, NodeId, compile::Compiled, plan::Plan},
};
use yolov4::{Precision, Result};

use crate::{bench::nodes, explain};
use yolov4::low_level::model::Model;

/// Nodes that follow one law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum LawKind {
    /// 1x1 convolutions.
    One,
    /// Larger ones in steps of one.
    Window,
    /// Those that halve the picture.
    Down,
    /// Everything else.
    Other,
}

impl LawKind {
    fn of(node: &Node) -> Self {
        match node.op.conv() {
            Some(conv) if conv.stride_y > 1 => Self::Down,
            Some(conv) if conv.size > 1 => Self::Window,
            Some(_) => Self::One,
            None => Self::Other,
        }
    }
}

/// What a node does.
#[derive(Clone, Copy, Debug)]
struct NodeWork {
    kind: LawKind,
    /// Billions of operations, millions of bytes, one.
    terms: [f64; 3],
}

/// Milliseconds of what nodes do.
#[derive(Clone, Debug, Default)]
pub struct Predictor {
    samples: Vec<(NodeWork, f64)>,
    laws: BTreeMap<LawKind, [f64; 3]>,
    /// Of a frame beside its nodes.
    rest_ms: f64,
}

fn works(graph: &Graph, plan: &Plan, precision: Precision) -> BTreeMap<NodeId, NodeWork> {
    let of = |(id, bytes): (NodeId, usize)| {
        let terms = [2e-9 * graph.macs(id) as f64, 1e-6 * bytes as f64, 1.0];
        (id, NodeWork { kind: LawKind::of(graph.node(id)), terms })
    };
    nodes::bytes(graph, plan, precision, 1).into_iter().map(of).collect()
}

impl Predictor {
    /// Learns from a network that was played: the milliseconds of its dispatches, and those of a whole frame.
    pub fn learn(&mut self, program: &Program, times: &[f64], frame_ms: f64) {
        let mut spent: BTreeMap<NodeId, f64> = BTreeMap::new();
        for ((id, _), ms) in program.calls().zip(times) {
            *spent.entry(id).or_default() += ms;
        }
        let works = works(program.graph(), program.plan(), program.precision());
        let timed = works.iter().filter_map(|(id, work)| Some((*work, spent.get(id).copied().filter(|ms| *ms > 0.0)?)));
        self.samples.extend(timed);
        let kinds = [LawKind::One, LawKind::Window, LawKind::Down, LawKind::Other];
        self.laws = kinds.into_iter().map(|kind| (kind, self.law(kind))).collect();
        // A frame takes longer than its nodes; where the clocks disagree it does not.
        self.rest_ms = self.rest_ms.max(frame_ms - times.iter().sum::<f64>()).max(0.0);
    }

    /// The law that is least off in its worst direction: least squares of relative errors, without terms that would be negative.
    fn law(&self, kind: LawKind) -> [f64; 3] {
        let samples: Vec<&(NodeWork, f64)> = self.samples.iter().filter(|(work, _)| work.kind == kind).collect();
        let mut used = [true; 3];
        loop {
            let law = least_squares(&samples, used);
            match (0..3).filter(|i| law[*i] < 0.0).min_by(|a, b| law[*a].total_cmp(&law[*b])) {
                Some(negative) => used[negative] = false,
                None => return law,
            }
        }
    }

    /// Milliseconds of a frame, and the bytes that the network takes on the GPU.
    ///
    /// # Errors
    /// If it cannot be planned.
    pub fn frame(&self, model: &Model, precision: Precision) -> Result<(f64, u64)> {
        let Compiled { graph, plan, .. } = explain::prepare(model, None)?;
        let works = works(&graph, &plan, precision);
        let node = |work: &NodeWork| {
            let law = self.laws.get(&work.kind).copied().unwrap_or_default();
            law.iter().zip(work.terms).map(|(law, term)| law * term).sum::<f64>()
        };
        let ms = works.values().map(node).sum::<f64>() + self.rest_ms;
        let weights: usize = graph.iter().map(|(id, _)| graph.counts(id).folded.0).sum::<usize>() * precision.bytes();
        Ok((ms, (weights + plan.peak_bytes(precision.bytes())) as u64))
    }
}

/// Coefficients that make `sum(c * terms) / ms` as near to 1 as can be; those not used are zero.
fn least_squares(samples: &[&(NodeWork, f64)], used: [bool; 3]) -> [f64; 3] {
    let mut system = [[0.0; 4]; 3];
    for (work, ms) in samples {
        let row = work.terms.map(|term| term / ms);
        for i in 0..3 {
            for j in 0..3 {
                system[i][j] += row[i] * row[j];
            }
            system[i][3] += row[i];
        }
    }
    for i in 0..3 {
        if !used[i] {
            system[i] = [0.0; 4];
            (0..3).for_each(|j| system[j][i] = 0.0);
            system[i][i] = 1.0;
        }
        // What no sample tells apart is left at nothing.
        system[i][i] *= 1.0 + 1e-9;
        system[i][i] += 1e-12;
    }
    for pivot in 0..3 {
        let best = (pivot..3).max_by(|a, b| system[*a][pivot].abs().total_cmp(&system[*b][pivot].abs()));
        system.swap(pivot, best.unwrap_or(pivot));
        for row in 0..3 {
            if row != pivot {
                let factor = system[row][pivot] / system[pivot][pivot];
                let from = system[pivot];
                system[row].iter_mut().zip(from).for_each(|(cell, from)| *cell -= factor * from);
            }
        }
    }
    std::array::from_fn(|i| if used[i] { system[i][3] / system[i][i] } else { 0.0 })
}
