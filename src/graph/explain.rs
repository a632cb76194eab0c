//! A network on paper: what it computes, what it costs, where it lies. As a table, as Mermaid, as JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::{
    graph::{
        dispatches::Dispatches,
        ir::{Graph, Node, NodeId},
        place::Join,
        plan::Plan,
    },
    kernels::Precision,
};

/// What a network costs, counted on the graph as loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Convolutions.
    pub convolutions: usize,
    /// Kernel elements, biases or batch-norm's beta and gamma: what training moves.
    pub parameters: u64,
    /// Kernel elements and biases once batch-norm is folded.
    pub fused_parameters: u64,
    /// Bytes of a `.weights` file with a 20-byte header.
    pub weights_bytes: u64,
    /// 2e-9 times the multiply-accumulates of the convolutions.
    pub conv_gflop: f64,
    /// As Darknet counts: pools and shortcuts as well.
    pub darknet_bflops: f64,
    /// Boxes before any threshold.
    pub boxes: u64,
}

impl Totals {
    /// Counts a graph as loaded.
    pub fn new(graph: &Graph) -> Self {
        let mut t = Self::default();
        let (mut macs, mut others) = (0, 0);
        for (id, node) in graph.iter() {
            let counts = graph.counts(id);
            t.convolutions += usize::from(node.op.conv().is_some());
            t.parameters += counts.trained;
            t.fused_parameters += (counts.folded.0 + counts.folded.1) as u64;
            t.weights_bytes += 4 * counts.stored;
            macs += counts.macs;
            others += counts.others;
        }
        t.weights_bytes += 20;
        t.conv_gflop = 2e-9 * macs as f64;
        t.darknet_bflops = t.conv_gflop + 1e-9 * others as f64;
        let boxes = graph.heads.iter().map(|h| h.anchors.len() * graph.node(h.input).shape.pixels());
        t.boxes = boxes.sum::<usize>() as u64;
        t
    }
}

#[derive(Serialize)]
struct ExplainRow {
    node: usize,
    name: String,
    op: String,
    inputs: Vec<usize>,
    shape: [usize; 3],
    macs: u64,
    parameters: u64,
    bytes: usize,
    slots: Vec<usize>,
    block: usize,
    join: Option<String>,
}

#[derive(Serialize)]
struct Everything {
    totals: Totals,
    steps: usize,
    slots: Vec<usize>,
    peak_bytes: usize,
    lower_bound_bytes: usize,
    dispatches: Dispatches,
    nodes: Vec<ExplainRow>,
}

fn join_text(join: Join) -> String {
    match join {
        Join::Placed => "placed".into(),
        Join::Gathered => "gathered by its readers".into(),
        Join::Copied { copied } => format!("{copied} of its members copied"),
    }
}

fn rows(graph: &Graph, plan: &Plan, precision: Precision) -> Vec<ExplainRow> {
    let row = |(id, node): (NodeId, &Node)| ExplainRow {
        node: id.0,
        name: node.name.clone(),
        op: node.op.describe(),
        inputs: node.inputs.iter().map(|i| i.0).collect(),
        shape: [node.shape.c, node.shape.h, node.shape.w],
        macs: graph.macs(id),
        parameters: {
            let (weights, biases) = graph.counts(id).folded;
            (weights + biases) as u64
        },
        bytes: node.shape.elements() * precision.bytes(),
        slots: plan.views(id).iter().map(|v| v.slot.0).collect(),
        block: plan.views(id).first().map_or(0, |v| v.block),
        join: plan.joins.get(&id).map(|j| join_text(*j)),
    };
    graph.iter().map(row).collect()
}

/// A table of the fused graph, totals, and the memory plan as a picture.
pub fn text(loaded: &Graph, graph: &Graph, plan: &Plan, precision: Precision) -> String {
    let mut out = table(graph, plan, precision);
    let t = Totals::new(loaded);
    let _ = writeln!(
        out,
        "\n{} convolutions, {} parameters ({} folded), {} bytes of weights\n{:.3} GFLOP in convolutions ({:.3} as Darknet \
         counts), {} boxes",
        t.convolutions, t.parameters, t.fused_parameters, t.weights_bytes, t.conv_gflop, t.darknet_bflops, t.boxes
    );
    out.push_str(&picture(plan, precision, 0));
    out + &Dispatches::new(graph, plan, precision).text(plan.peak_bytes(precision.bytes()))
}

/// A line a node: what it is, what it costs, where its value lies.
pub fn table(graph: &Graph, plan: &Plan, precision: Precision) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:>4}  {:<40} {:<34} {:>16} {:>9} {:>11} {:>9}  slot",
        "node", "name", "op", "shape", "MMAC", "params", "kB"
    );
    for r in rows(graph, plan, precision) {
        let slots = r.slots.iter().map(|s| format!("s{s}")).collect::<Vec<_>>().join("+");
        let place = if r.block > 0 { format!("{slots}@{}", r.block * 4) } else { slots };
        let join = r.join.map(|j| format!("  {j}")).unwrap_or_default();
        let shape = format!("{}x{}x{}", r.shape[0], r.shape[1], r.shape[2]);
        let _ = writeln!(
            out,
            "{:>4}  {:<40} {:<34} {:>16} {:>9.1} {:>11} {:>9.1}  {place}{join}",
            r.node,
            r.name,
            r.op,
            shape,
            r.macs as f64 / 1e6,
            r.parameters,
            r.bytes as f64 / 1e3
        );
    }
    out
}

/// A line a node, under a heading that counts them.
pub fn listing(heading: &str, graph: &Graph) -> String {
    let mut out = format!("{heading} ({} nodes)\n", graph.nodes.len());
    for (id, node) in graph.iter() {
        let (op, shape) = (node.op.describe(), node.shape.to_string());
        let inputs = node.inputs.iter().map(|input| input.0.to_string()).collect::<Vec<_>>().join(" ");
        let _ = writeln!(out, "{:>4}  {:<50} {op:<34} {shape:>16}  {inputs}", id.0, node.name);
    }
    out
}

/// Columns of the plan's picture.
const PICTURE: usize = 72;

/// One line a slot of `least` bytes or more, time from left to right; each letter is a value living there (of several at once the one that came last), a dot
/// an empty place.
pub fn picture(plan: &Plan, precision: Precision, least: usize) -> String {
    let steps = plan.steps.len().max(1);
    let columns = steps.min(PICTURE);
    let mut out = format!("\n{} steps, {} slots:\n", plan.steps.len(), plan.slots.len());
    for (i, slot) in plan.slots.iter().enumerate() {
        let mut line = vec!['.'; columns];
        for (n, tenant) in slot.tenants.iter().enumerate() {
            let letter = char::from(b'a' + (n % 26) as u8);
            let column = |step: usize| step.min(steps - 1) * columns / steps;
            line[column(tenant.first)..=column(tenant.last)].fill(letter);
        }
        let bytes = slot.vectors * 4 * precision.bytes();
        if bytes < least {
            continue;
        }
        let kb = bytes as f64 / 1e3;
        let _ = writeln!(out, "s{i:<3} {kb:>10.1} kB  {}", line.into_iter().collect::<String>());
    }
    let (peak, bound) = (plan.peak_bytes(precision.bytes()), plan.lower_bound_bytes(precision.bytes()));
    let _ = writeln!(
        out,
        "{:.1} MB in all slots; {:.1} MB are alive at once at most ({:.0} %)",
        peak as f64 / 1e6,
        bound as f64 / 1e6,
        100.0 * bound as f64 / peak.max(1) as f64
    );
    out
}

/// The fused graph as a Mermaid flow chart.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart TD\n");
    for (id, node) in graph.iter() {
        let _ = writeln!(out, "    n{}[\"{} {}\"]", id.0, node.op.describe(), node.shape);
        for input in &node.inputs {
            let _ = writeln!(out, "    n{} --> n{}", input.0, id.0);
        }
    }
    for (i, head) in graph.heads.iter().enumerate() {
        let _ = writeln!(out, "    h{i}([\"yolo layer {}\"])\n    n{} --> h{i}", head.layer, head.input.0);
    }
    out
}

/// Nodes, totals and plan.
pub fn json(loaded: &Graph, graph: &Graph, plan: &Plan, precision: Precision) -> String {
    let everything = Everything {
        totals: Totals::new(loaded),
        steps: plan.steps.len(),
        slots: plan.slots.iter().map(|s| s.vectors * 4 * precision.bytes()).collect(),
        peak_bytes: plan.peak_bytes(precision.bytes()),
        lower_bound_bytes: plan.lower_bound_bytes(precision.bytes()),
        dispatches: Dispatches::new(graph, plan, precision),
        nodes: rows(graph, plan, precision),
    };
    // Strings and finite numbers only: nothing here can fail to serialise.
    serde_json::to_string_pretty(&everything).unwrap_or_default() + "\n"
}
