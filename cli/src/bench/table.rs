//! Results for people: tables at the terminal, or Markdown.

use std::fmt::Write;

use yolov4::low_level::kernels::conv::Variant;

use super::report::{LadderRow, NetworkRow, NodeRow, Report, RoofRow};

/// A heading and its cells.
pub type TableData = (Vec<&'static str>, Vec<Vec<String>>);

/// For the terminal.
pub fn text(report: &Report) -> String {
    written(report, &|(header, rows): TableData| {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(header);
        table.add_rows(rows);
        format!("{table}\n")
    })
}

/// Markdown.
pub fn markdown(report: &Report) -> String {
    written(report, &|(header, rows): TableData| {
        // A name may have a bar in it.
        let line = |cells: Vec<String>| {
            format!("| {} |\n", cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
        };
        let bars = format!("|{}\n", "---|".repeat(header.len()));
        let body: String = rows.into_iter().map(line).collect();
        line(header.into_iter().map(str::to_owned).collect()) + &bars + &body
    })
}

fn written(report: &Report, sheet: &dyn Fn(TableData) -> String) -> String {
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
    for (what, rows) in ladders(&report.ladder) {
        let _ = write!(out, "\n{what}:\n\n{}", sheet(ladder(&rows)));
    }
    if !report.ladder.is_empty() {
        let _ = write!(out, "\n{LADDER_NOTE}\n");
    }
    out
}

/// What the columns mean.
const NOTE: &str = "Times are milliseconds. median, p95, least: an f32 tensor on the host to head tensors on the host. GPU: the \
                    network by the GPU's own clock. boxes: a decoded picture of 640x480 to boxes. load: files to a detector \
                    that is ready. GFLOP/s count convolutions; the roof is that of multiply-adds.";

/// What the cells of a ladder mean.
pub const LADDER_NOTE: &str = "Each rung: measured ms / the floor's ms, which is the larger of its own operations (whole \
                               tiles) by the roof of multiply-adds, and its bytes by that of storage (marked s; what stays in \
                               a cache may beat it). The fastest has a star. GFLOP/s count the operations of direct \
                               convolution, so those of Winograd may exceed the roof.";

/// The rows of each adapter and precision, with a title.
pub fn ladders(rows: &[LadderRow]) -> Vec<(String, Vec<&LadderRow>)> {
    let mut all: Vec<(String, Vec<&LadderRow>)> = Vec::new();
    for row in rows {
        let software = if row.software { ", a SOFTWARE ADAPTER" } else { "" };
        let title = format!("Rungs in {} on {} ({}{software})", row.precision, row.adapter, row.backend);
        match all.iter_mut().find(|(known, _)| *known == title) {
            Some((_, rows)) => rows.push(row),
            None => all.push((title, vec![row])),
        }
    }
    all
}

/// A line for each shape, a column for each rung that anybody ran.
pub fn ladder(rows: &[&LadderRow]) -> TableData {
    let ran = |name: &&str| rows.iter().any(|row| row.rungs.iter().any(|rung| rung.rung == *name));
    let names: Vec<&'static str> = Variant::ALL.iter().map(|v| v.name()).filter(ran).collect();
    let line = |row: &&LadderRow| {
        let best = row.rungs.iter().min_by(|a, b| a.ms.total_cmp(&b.ms));
        let cell = |name: &&'static str| {
            let Some(rung) = row.rungs.iter().find(|rung| rung.rung == *name) else { return "-".to_owned() };
            let floor = rung.floor_ms.map_or_else(|| "-".into(), figure);
            let star = if best.is_some_and(|best| best.rung == rung.rung) { "*" } else { "" };
            let storage = if rung.floor_by.as_deref() == Some("storage") { "s" } else { "" };
            format!("{}{star} / {floor}{storage}", figure(rung.ms))
        };
        let last = [
            best.map_or_else(String::new, |best| figure(best.gflops)),
            best.and_then(|best| best.floor_pct).map_or_else(|| "-".into(), figure),
            row.clock.to_owned(),
        ];
        [row.shape.clone(), figure(1e-9 * row.flop)].into_iter().chain(names.iter().map(cell)).chain(last).collect()
    };
    let header = ["shape", "GFLOP"].into_iter().chain(names.iter().copied());
    (header.chain(["best, GFLOP/s", "floor, % of it", "clock"]).collect(), rows.iter().map(line).collect())
}

/// Of a row, in words.
pub fn title(row: &NetworkRow) -> String {
    let software = if row.software { ", a SOFTWARE ADAPTER" } else { "" };
    format!("{} {} {} on {} ({}{software})", row.model, row.size, row.precision, row.adapter, row.backend)
}

/// An adapter's name, a software one told as such.
pub fn adapter(name: &str, software: bool) -> String {
    if software { format!("{name} (SOFTWARE)") } else { name.to_owned() }
}

fn roofs(roofs: &[RoofRow]) -> TableData {
    let header = vec![
        "adapter",
        "back end",
        "driver",
        "f32",
        "f16",
        "storage",
        "workgroup",
        "dispatch",
        "submit",
        "GEMM",
        "GEMM, f16",
    ];
    let row = |row: &RoofRow| {
        let roof = &row.roof;
        let rate = |gflops: Option<f64>| gflops.map_or_else(|| "-".into(), |g| format!("{} GFLOP/s", figure(g)));
        let gemm = |gflops: Option<f64>, rung: Option<Variant>| match (gflops, rung) {
            (Some(gflops), Some(rung)) => format!("{} GFLOP/s, {}", figure(gflops), rung.name()),
            _ => "-".into(),
        };
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
            gemm(Some(roof.gemm_gflops), Some(roof.gemm_rung)),
            gemm(roof.gemm_f16_gflops, roof.gemm_f16_rung),
        ]
    };
    (header, roofs.iter().map(row).collect())
}

/// The columns of the results.
pub fn results(rows: &[NetworkRow]) -> TableData {
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
    let row = |row: &NetworkRow| {
        vec![
            row.model.clone(),
            row.size.clone(),
            row.batch.to_string(),
            row.precision.clone(),
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
pub fn slowest(nodes: &[NodeRow]) -> TableData {
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
