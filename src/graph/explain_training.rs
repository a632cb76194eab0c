//! A network in training on paper: forwards and backwards, what both cost, where values lie, and how much less there would be to keep.

use std::fmt::Write;

use serde::Serialize;

use crate::{
    error::Result,
    graph::{
        backward::{GradientRequest, backward},
        explain::{picture, table},
        ir::{Graph, NodeId},
        plan::Plan,
        recompute::{Recompute, recompute},
        target::Keep,
    },
    kernels::Precision,
    ops::{Op, TrainOp},
};

/// What a step costs for one picture, and what it keeps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainingTotals {
    /// 2e-9 times the multiply-accumulates of the convolutions forwards, of their gradients by what they read, by their weights, and of what is played
    /// once more.
    pub gflop: TrainingWork,
    /// Numbers that are trained.
    pub trained: usize,
    /// Bytes of all values of one picture, the gradients of numbers aside, by how much is computed again.
    pub kept: Vec<KeptBytes>,
}

/// Work by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TrainingWork {
    /// The network itself.
    pub forwards: f64,
    /// Gradients by what convolutions read.
    pub by_input: f64,
    /// Gradients by weights.
    pub by_weights: f64,
    /// Convolutions that are played once more.
    pub again: f64,
}

/// What is kept where so much is computed again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeptBytes {
    /// What is computed again.
    pub again: String,
    /// Bytes of values, of one picture.
    pub bytes: usize,
    /// GFLOP of convolutions that are played once more.
    pub gflop: f64,
}

/// Slots of less are not drawn: of the batch's statistics there are hundreds.
const SMALL: usize = 100_000;

const WAYS: [(Recompute, &str); 7] = [
    (Recompute::Nothing, "nothing"),
    (Recompute::Cheap, "all but convolutions"),
    (Recompute::Segments(2), "2 segments"),
    (Recompute::Segments(4), "4 segments"),
    (Recompute::Segments(8), "8 segments"),
    (Recompute::Segments(16), "16 segments"),
    (Recompute::Segments(32), "32 segments"),
];

/// The table of a network in training, totals, and the memory plan as a picture; or all totals as JSON.
///
/// # Errors
/// As [`backward`].
pub fn training(loaded: &Graph, precision: Precision, json: bool) -> Result<String> {
    let request = GradientRequest { trained: &|_| true, input: false };
    let plain = backward(loaded, &request, 1)?;
    let mut kept = Vec::new();
    for (how, again) in WAYS {
        let training = recompute(plain.clone(), how)?;
        let plan = Plan::new(&training.graph, &training.target(&Keep::Heads));
        let bytes = training.value_vectors(&plan) * 4 * precision.bytes();
        kept.push(KeptBytes { again: again.into(), bytes, gflop: work(&training.graph, training.first_given()).again });
    }
    let training = recompute(plain, Recompute::default())?;
    let trained = training.gradients.iter().map(|gradient| training.graph.node(gradient.value).shape.elements()).sum();
    let totals = TrainingTotals { gflop: work(&training.graph, training.first_given()), trained, kept };
    if json {
        return Ok(serde_json::to_string_pretty(&totals).unwrap_or_default() + "\n");
    }
    let plan = Plan::new(&training.graph, &training.target(&Keep::Heads));
    let mut out = table(&training.graph, &plan, precision);
    let TrainingWork { forwards, by_input, by_weights, .. } = totals.gflop;
    let _ = writeln!(
        out,
        "\n{trained} numbers are trained\n{forwards:.3} GFLOP forwards, {by_input:.3} for gradients by what convolutions read, {by_weights:.3} by \
         weights: {:.3} a picture",
        forwards + by_input + by_weights,
    );
    let (step, vectors) = plan.fullest();
    let fullest = plan.steps.get(step).map_or("", |step| training.graph.node(step.node).name.as_str());
    let _ = writeln!(out, "most is alive at {fullest}: {:.1} MB", (vectors * 4 * precision.bytes()) as f64 / 1e6);
    out.push_str(&picture(&plan, precision, SMALL));
    let _ = writeln!(out, "\n{:<22} {:>9} {:>12}", "computed again", "MB", "more GFLOP");
    for KeptBytes { again, bytes, gflop } in &totals.kept {
        let _ = writeln!(out, "{again:<22} {:>9.1} {gflop:>12.3}", *bytes as f64 / 1e6);
    }
    Ok(out)
}

fn work(graph: &Graph, first_given: NodeId) -> TrainingWork {
    let mut work = TrainingWork::default();
    for (id, node) in graph.iter() {
        let gflop = 2e-9 * graph.macs(id) as f64;
        if id < first_given {
            work.forwards += gflop;
        } else if matches!(node.op, Op::Train(TrainOp::ConvDgrad(_))) {
            work.by_input += gflop;
        } else if matches!(node.op, Op::Train(TrainOp::ConvWgrad(_))) {
            work.by_weights += gflop;
        } else {
            work.again += gflop;
        }
    }
    work
}
