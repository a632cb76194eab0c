//! Results for people: tables at the terminal, or Markdown.

use std::fmt::Write;

use super::report::{NodeRow, Report, RoofRow, Row};

/// A heading and its cells.
type Sheet = (Vec<&'static str>, Vec<Vec<String>>);

/// For the terminal.
pub fn text(report: &Report) -> String {
    written(report, &|(header, rows): Sheet| {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(header);
        table.add_rows(rows);
        format!("{table}\n")
    })
}

/// Markdown.
pub fn markdown(report: &Report) -> String {
    written(report, &|(header, rows): Sheet| {
        // A name may have a bar in it.
        let line = |cells: Vec<String>| {
            format!("| {} |\n", cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
        };
        let bars = format!("|{}\n", "---|".repeat(header.len()));
        let body: String = rows.into_iter().map(line).collect();
        line(header.into_iter().map(str::to_owned).collect()) + &bars + &body
    })
}

fn written(report: &Report, sheet: &dyn Fn(Sheet) -> String) -> String {
    let mut out = String::new();
    if !report.roofs.is_empty() {
        let _ = write!(out, "What the adapters can do at most, as measured here:\n\n{}", sheet(roofs(&report.roofs)));
    }
    if !report.results.is_empty() {
        let _ = write!(out, "\n{}", sheet(results(&report.results)));
        let _ = write!(out, "\n{}\n", NOTE);
    }
    for row in &report.results {
        if let Some(nodes) = &row.nodes {
            let _ = write!(out, "\n{}, the slowest first:\n\n{}", title(row), sheet(slowest(nodes)));
        }
    }
    out
}

/// What the columns mean.
const NOTE: &str = "Times are milliseconds. median, p95, least: an f32 tensor on the host to head tensors on the host. GPU: the \
                    network by the GPU's own clock. boxes: a decoded picture of 640x480 to boxes. load: files to a detector \
                    that is ready. GFLOP/s count convolutions; the roof is that of multiply-adds.";

/// Of a row, in words.
pub fn title(row: &Row) -> String {
    let software = if row.software { ", a SOFTWARE ADAPTER" } else { "" };
    format!("{} {} {} on {} ({}{software})", row.model, row.size, row.precision, row.adapter, row.backend)
}

/// An adapter's name, a software one told as such.
pub fn adapter(name: &str, software: bool) -> String {
    if software { format!("{name} (SOFTWARE)") } else { name.to_owned() }
}

fn roofs(roofs: &[RoofRow]) -> Sheet {
    let header =
        vec!["adapter", "back end", "driver", "f32", "f16", "storage", "workgroup", "dispatch", "submit", "GEMM"];
    let row = |row: &RoofRow| {
        let roof = &row.roof;
        let rate = |gflops: Option<f64>| gflops.map_or_else(|| "-".into(), |g| format!("{} GFLOP/s", figure(g)));
        vec![
            adapter(&row.adapter, row.software),
            row.backend.clone(),
            row.driver.clone(),
            rate(Some(roof.f32_gflops)),
            rate(roof.f16_gflops),
            format!("{} GB/s", figure(roof.storage_gbs)),
            format!("{} GB/s", figure(roof.workgroup_gbs)),
            format!("{} us", figure(roof.dispatch_us)),
            format!("{} us", figure(roof.submit_us)),
            rate(roof.gemm_gflops),
        ]
    };
    (header, roofs.iter().map(row).collect())
}

/// The columns of the results.
pub fn results(rows: &[Row]) -> Sheet {
    let header = vec![
        "model",
        "size",
        "batch",
        "precision",
        "adapter",
        "back end",
        "median",
        "p95",
        "least",
        "GPU",
        "GFLOP/s",
        "% of roof",
        "boxes",
        "first",
        "load",
        "memory",
        "dispatches",
        "weights",
    ];
    let maybe = |figure_: Option<f64>| figure_.map_or_else(|| "-".into(), figure);
    let row = |row: &Row| {
        vec![
            row.model.clone(),
            row.size.clone(),
            row.batch.to_string(),
            row.precision.to_owned(),
            adapter(&row.adapter, row.software),
            row.backend.clone(),
            figure(row.median_ms),
            figure(row.p95_ms),
            figure(row.min_ms),
            maybe(row.gpu_ms),
            figure(row.gflops),
            maybe(row.roof_pct),
            figure(row.end_to_end_median_ms),
            maybe(row.first_frame_ms),
            figure(row.load_ms),
            format!("{} MB", figure(row.peak_bytes as f64 / 1e6)),
            row.dispatches.to_string(),
            row.weights.clone(),
        ]
    };
    (header, rows.iter().map(row).collect())
}

/// The nodes of one result, the slowest first.
pub fn slowest(nodes: &[NodeRow]) -> Sheet {
    let mut sorted: Vec<&NodeRow> = nodes.iter().collect();
    sorted.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    let all: f64 = nodes.iter().map(|node| node.ms).sum();
    let maybe = |figure_: Option<f64>| figure_.map_or_else(|| "-".into(), figure);
    let row = |node: &&NodeRow| {
        vec![
            node.name.clone(),
            node.op.clone(),
            node.rung.clone(),
            figure(node.ms),
            format!("{:.1}", 100.0 * node.ms / all.max(f64::MIN_POSITIVE)),
            maybe(node.gflops),
            maybe(node.roof_pct),
            format!("{} kB", figure(node.bytes as f64 / 1e3)),
        ]
    };
    let header = vec!["node", "op", "kernel", "ms", "% of time", "GFLOP/s", "% of roof", "bytes"];
    (header, sorted.iter().map(row).collect())
}

/// Three digits, or more where they stand before the point.
pub fn figure(value: f64) -> String {
    let digits = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 10.0 {
        1
    } else if value.abs() >= 1.0 {
        2
    } else {
        3
    };
    format!("{value:.digits$}")
}
