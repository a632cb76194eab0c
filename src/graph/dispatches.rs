//! How many dispatches a network takes at least, what stands in the way of fewer, and what Winograd adds to that.

use std::{collections::BTreeMap, fmt::Write};

use serde::Serialize;

use crate::{
    graph::{
        ir::Graph,
        plan::{Plan, Work},
    },
    kernels::{
        Precision,
        conv::{Caps, Variant},
    },
};

/// The dispatches of one frame, boxes aside.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dispatches {
    /// One for each step of the plan.
    pub fewest: usize,
    /// Of those, by what they do.
    pub by_op: BTreeMap<&'static str, usize>,
    /// What keeps each of those from being part of a neighbour.
    #[serde(skip)]
    reasons: BTreeMap<&'static str, &'static str>,
    /// On a processor that poses as a GPU, nothing measured.
    pub processor: OnProcessor,
}

/// What its choice of rungs adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OnProcessor {
    /// Convolutions by Winograd, three dispatches each.
    pub winograd: usize,
    /// Dispatches in all.
    pub dispatches: usize,
    /// Bytes of the values between those three, which all convolutions share.
    pub scratch_bytes: usize,
}

/// WebGPU's default, and that of Mesa's software Vulkan.
const BINDING: usize = 128 << 20;

impl Dispatches {
    /// Counts a graph as it is played.
    pub fn new(graph: &Graph, plan: &Plan, precision: Precision) -> Self {
        let half = precision == Precision::F16;
        let caps = Caps { software: true, subgroup: true, half, binding: BINDING, ..Caps::default() };
        let (mut by_op, mut reasons) = (BTreeMap::new(), BTreeMap::new());
        let mut processor = OnProcessor::default();
        let mut scratch = [0; 2];
        for step in &plan.steps {
            let op = &graph.node(step.node).op;
            let (what, reason) = match step.work {
                Work::Op => (op.name(), op.alone()),
                Work::Accumulate => ("accumulate", "a shortcut of more than two: a dispatch adds one"),
                Work::Copy { .. } => (
                    "copy",
                    "a value lies in one place; here two readers want it in two, or one reads it while it writes beside it",
                ),
            };
            *by_op.entry(what).or_default() += 1;
            reasons.insert(what, reason);
            let Some(problem) = step.problem(graph, 1) else {
                processor.dispatches += 1;
                continue;
            };
            let rung = Variant::choose(&problem, &caps);
            let [values, products] = rung.scratch(&problem, &caps);
            scratch = [scratch[0].max(values), scratch[1].max(products)];
            processor.dispatches += rung.cost(&problem, &caps).dispatches;
            processor.winograd += usize::from(matches!(rung, Variant::Winograd2 | Variant::Winograd4));
        }
        processor.scratch_bytes = scratch.iter().sum::<usize>() * 4 * precision.bytes();
        Self { fewest: plan.steps.len(), by_op, reasons, processor }
    }

    /// A few lines; `planned` are the bytes of all slots.
    pub fn text(&self, planned: usize) -> String {
        let mut out = format!("\n{} dispatches a frame at least:\n", self.fewest);
        for (op, count) in &self.by_op {
            let _ = writeln!(out, "{count:>5}  {op:<14} {}", self.reasons.get(op).copied().unwrap_or_default());
        }
        let OnProcessor { winograd, dispatches, scratch_bytes } = self.processor;
        let _ = writeln!(
            out,
            "On a processor, unmeasured, {winograd} convolutions go by Winograd, three dispatches each: {dispatches} \
             dispatches, and {:.1} MB between them, {:.1} MB of values in all.\nOn a GPU what is measured decides; --adapter-class shows the guess before that.",
            scratch_bytes as f64 / 1e6,
            (planned + scratch_bytes) as f64 / 1e6
        );
        out
    }
}
