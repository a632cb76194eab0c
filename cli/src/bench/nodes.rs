//! Times of dispatches to rows for nodes: operations, bytes, share of the roof.

use std::collections::BTreeMap;

use yolov4::low_level::{
    gpu::{Program, Roof},
    graph::{Graph, NodeId, plan::Plan},
    kernels::Precision,
    tensor::Shape,
};

use super::report::{DispatchRow, NodeRow, short};

/// Operations and bytes of one frame, all pictures of the batch together.
pub fn work(program: &Program) -> (f64, f64) {
    let flop: f64 = program.graph().iter().map(|(id, _)| flop(program, id)).sum();
    let bytes: usize = bytes(program.graph(), program.plan(), program.precision(), program.batch()).values().sum();
    (flop, bytes as f64)
}

/// Operations of one node.
fn flop(program: &Program, id: NodeId) -> f64 {
    2.0 * (program.graph().macs(id) * program.batch() as u64) as f64
}

/// What each node reads and writes for so many pictures at once, weights included: everything once.
pub fn bytes(graph: &Graph, plan: &Plan, precision: Precision, batch: usize) -> BTreeMap<NodeId, usize> {
    let element = precision.bytes();
    let value = |shape: Shape| shape.vectors() * batch * 4 * element;
    let mut all: BTreeMap<NodeId, usize> = BTreeMap::new();
    for step in &plan.steps {
        let moved: usize = step.reads.iter().chain([&step.write]).map(|view| value(view.shape)).sum();
        *all.entry(step.node).or_insert_with(|| parameters(graph, step.node, element)) += moved;
    }
    all
}

fn parameters(graph: &Graph, id: NodeId, element: usize) -> usize {
    let (weights, biases) = graph.counts(id).folded;
    weights * element + biases * Precision::F32.bytes()
}

/// A row for each node that is played, in order. `times` are milliseconds by dispatch.
pub fn rows(program: &Program, times: &[f64], roof: Option<&Roof>) -> Vec<NodeRow> {
    let (graph, precision) = (program.graph(), program.precision());
    let bytes = bytes(graph, program.plan(), precision, program.batch());
    let mut spent: BTreeMap<NodeId, (usize, f64)> = BTreeMap::new();
    for ((id, _), time) in program.calls().zip(times) {
        let entry = spent.entry(id).or_default();
        *entry = (entry.0 + 1, entry.1 + time);
    }
    let kernels: BTreeMap<NodeId, &str> = program.calls().collect();
    let row = |(id, (dispatches, ms)): (NodeId, (usize, f64))| {
        let (node, bytes) = (graph.node(id), bytes.get(&id).copied().unwrap_or(0));
        let flop = flop(program, id);
        let rung = program.rung(id).map(|rung| rung.name()).or(kernels.get(&id).copied());
        // Where the clock is too coarse there is no rate.
        let timed = ms > 0.0;
        NodeRow {
            name: node.name.clone(),
            op: node.op.describe(),
            rung: rung.unwrap_or_default().to_owned(),
            dispatches,
            ms: short(ms),
            gflops: (timed && flop > 0.0).then(|| short(1e-6 * flop / ms)),
            roof_pct: roof
                .filter(|_| timed)
                .map(|roof| short(100.0 * roof.least_ms(precision, flop, bytes as f64) / ms)),
            bytes,
            flop,
        }
    };
    spent.into_iter().map(row).collect()
}

/// A row for each dispatch, in order.
pub fn timeline(program: &Program, times: &[f64]) -> Vec<DispatchRow> {
    let graph = program.graph();
    let row = |((id, kernel), ms): ((NodeId, &'static str), &f64)| DispatchRow {
        node: graph.node(id).name.clone(),
        op: graph.node(id).op.describe(),
        kernel,
        ms: *ms,
    };
    program.calls().zip(times).map(row).collect()
}
