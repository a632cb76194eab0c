//! Results as rows, for people and for programs.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use yolov4::{Gpu, low_level::gpu::Roof};

/// One network on one adapter; times in milliseconds. The fields are those of assets/bench.schema.json.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    pub model: String,
    pub size: String,
    pub batch: usize,
    pub precision: String,
    pub backend: String,
    pub adapter: String,
    pub driver: Option<String>,
    pub software: bool,
    pub version: String,
    /// Wall time from an f32 tensor on the host to the head tensors on the host.
    pub median_ms: f64,
    pub p95_ms: f64,
    pub min_ms: f64,
    /// The network's dispatches as the adapter stamps them; absent where it does not.
    #[serde(default)]
    pub gpu_ms: Option<f64>,
    /// Of the convolutions' operations, counted as direct convolution does them, two a multiply-add.
    pub gflops: f64,
    /// Of what the adapter's multiply-adds reach.
    pub roof_pct: Option<f64>,
    pub peak_bytes: usize,
    pub dispatches: usize,
    pub load_ms: f64,
    pub first_frame_ms: Option<f64>,
    /// From a decoded picture on the host to boxes on the host.
    pub end_to_end_median_ms: f64,
}

/// A file of results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    pub results: Vec<Row>,
}

/// One node, and its dispatches.
pub struct Node {
    pub name: String,
    pub op: String,
    pub shape: String,
    pub kernel: String,
    /// Of each dispatch.
    pub ms: Vec<f64>,
    pub gflop: f64,
    pub bytes: usize,
}

impl Node {
    pub fn total(&self) -> f64 {
        self.ms.iter().sum()
    }
}

const HEADER: [&str; 13] = [
    "network",
    "size",
    "precision",
    "adapter",
    "median ms",
    "p95 ms",
    "min ms",
    "gpu ms",
    "end to end ms",
    "GFLOP/s",
    "% of roof",
    "MB",
    "first frame ms",
];

fn cells(row: &Row) -> [String; 13] {
    let maybe = |v: Option<f64>, digits: usize| v.map_or_else(|| "-".into(), |v| format!("{v:.digits$}"));
    let software = if row.software { ", SOFTWARE" } else { "" };
    [
        row.model.clone(),
        row.size.clone(),
        row.precision.clone(),
        format!("{} ({}{software})", row.adapter, row.backend),
        format!("{:.2}", row.median_ms),
        format!("{:.2}", row.p95_ms),
        format!("{:.2}", row.min_ms),
        maybe(row.gpu_ms, 2),
        format!("{:.2}", row.end_to_end_median_ms),
        format!("{:.1}", row.gflops),
        maybe(row.roof_pct, 0),
        format!("{:.1}", row.peak_bytes as f64 / 1e6),
        // From the start of loading.
        maybe(row.first_frame_ms.map(|v| v + row.load_ms), 0),
    ]
}

pub fn table(rows: &[Row]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(HEADER);
    rows.iter().for_each(|row| {
        table.add_row(cells(row));
    });
    format!("{table}\n")
}

pub fn markdown(rows: &[Row]) -> String {
    let mut out = format!("| {} |\n|{}\n", HEADER.join(" | "), "---|".repeat(HEADER.len()));
    for row in rows {
        let cells = cells(row).map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

pub fn json(rows: &[Row]) -> String {
    // Strings and numbers only: nothing here can fail to serialise.
    serde_json::to_string_pretty(&Report { results: rows.to_vec() }).unwrap_or_default() + "\n"
}

/// Every node of one run.
pub fn nodes(row: &Row, nodes: &[Node], roof: &Roof) -> String {
    if nodes.is_empty() {
        return format!("{} {}: the adapter stamps no times of single nodes\n", row.model, row.size);
    }
    let ceiling = if row.precision == "f16" { roof.fma_f16.unwrap_or(roof.fma_f32) } else { roof.fma_f32 };
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["node", "op", "shape", "kernel", "dispatches", "ms", "GFLOP/s", "% of roof", "MB", "GB/s"]);
    for node in nodes {
        let rate = node.gflop / node.total() * 1e3;
        let convolves = node.gflop > 0.0;
        table.add_row([
            node.name.clone(),
            node.op.clone(),
            node.shape.clone(),
            node.kernel.clone(),
            node.ms.len().to_string(),
            format!("{:.3}", node.total()),
            if convolves { format!("{rate:.1}") } else { "-".into() },
            if convolves { format!("{:.0}", 100.0 * rate / ceiling) } else { "-".into() },
            format!("{:.2}", node.bytes as f64 / 1e6),
            format!("{:.1}", node.bytes as f64 / node.total() / 1e6),
        ]);
    }
    let sum: f64 = nodes.iter().map(Node::total).sum();
    format!("{} {}, {}: {sum:.2} ms in {} dispatches\n{table}\n\n", row.model, row.size, row.precision, row.dispatches)
}

pub fn roof(gpu: &Gpu, roof: &Roof) -> String {
    let report = gpu.report();
    let software = if report.software { ", a SOFTWARE ADAPTER" } else { "" };
    let half = roof.fma_f16.map_or_else(|| "-".into(), |v| format!("{v:.0} GFLOP/s"));
    format!(
        "{} ({}, {}{software})\n\
         multiply-adds, f32     {:.0} GFLOP/s\n\
         multiply-adds, f16     {half}\n\
         storage, both ways     {:.1} GB/s\n\
         workgroup memory       {:.1} GB/s\n\
         a dispatch             {:.1} us\n\
         a submit and a wait    {:.0} us\n",
        report.name,
        report.backend,
        report.driver,
        roof.fma_f32,
        roof.storage,
        roof.workgroup,
        roof.dispatch_us,
        roof.submit_us
    )
}
