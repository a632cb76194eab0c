//! One page with plots, whole in itself: no script, no network.

use std::fmt::Write;

use super::{
    plot::{self, Bar, HUES, Piece, Point, escape},
    report::{NetworkRow, NodeRow, Report, RoofRow},
    table::{self, TableData, figure},
};

/// The page.
pub fn page(report: &Report) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut out = begun(
        "yolov4 bench",
        &format!("Version {version}. Medians of whole runs on this machine; a bar's mark is p95."),
    );
    let cards: String = report.roofs.iter().map(card).collect();
    let _ = writeln!(out, "<div class=\"machines\">{cards}</div>");
    if !report.results.is_empty() {
        out.push_str(&overview(report));
    }
    report.roofs.iter().for_each(|roof| out.push_str(&rooflines(roof, &report.results)));
    report.results.iter().for_each(|row| out.push_str(&nodes(row)));
    for (what, rows) in table::ladders(&report.ladder) {
        out.push_str(&section(&what, table::LADDER_NOTE, &sheet(table::ladder(&rows))));
    }
    out + ENDED
}

/// The beginning of a page, up to what is said under its title.
pub fn begun(title: &str, said: &str) -> String {
    let (title, said) = (escape(title), escape(said));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"/><title>{title}</title><style>\n{}</style></head><body><main>\n\
         <h1>{title}</h1><p>{said}</p>\n",
        include_str!("page.css"),
    )
}

/// The end of a page.
pub const ENDED: &str = "</main></body></html>\n";

/// One adapter and its roofs.
pub fn card(row: &RoofRow) -> String {
    let roof = &row.roof;
    let warn = if row.software {
        "<span class=\"warn\">SOFTWARE ADAPTER: a processor; its figures say nothing about a GPU</span>"
    } else {
        ""
    };
    let rate = |gflops: Option<f64>| gflops.map_or_else(|| "none".into(), |g| format!("{} GFLOP/s", figure(g)));
    let facts = [
        ("multiply-adds, f32", rate(Some(roof.f32_gflops))),
        ("multiply-adds, f16", rate(roof.f16_gflops)),
        ("storage, read", format!("{} GB/s", figure(roof.storage_gbs))),
        ("workgroup memory, read", format!("{} GB/s", figure(roof.workgroup_gbs))),
        ("the best matrix product, f32", format!("{} ({})", rate(Some(roof.gemm_gflops)), roof.gemm_rung.name())),
        ("an empty dispatch", format!("{} µs", figure(roof.dispatch_us))),
        ("a submit", format!("{} µs", figure(roof.submit_us))),
    ];
    let facts: String = facts.iter().map(|(what, value)| format!("<dt>{what}</dt><dd>{value}</dd>")).collect();
    format!(
        "<section><h2>{}</h2><p>{}, {}</p>{warn}<dl>{facts}</dl></section>\n",
        escape(&row.adapter),
        escape(&row.backend),
        escape(&row.driver)
    )
}

/// A part of a page.
pub fn section(title: &str, said: &str, body: &str) -> String {
    format!("<section><h2>{}</h2><p>{}</p>{body}</section>\n", escape(title), escape(said))
}

/// What all results have in common, as bars, and the table.
fn overview(report: &Report) -> String {
    let rows = &report.results;
    let several = report.roofs.len() > 1;
    let label = |row: &NetworkRow| {
        let machine = if several { format!(", {}", row.backend) } else { String::new() };
        format!("{} {} {}{machine}", row.model, row.size, row.precision)
    };
    let network = rows.iter().map(|row| Bar {
        label: label(row),
        value: row.median_ms,
        mark: Some(row.p95_ms),
        text: format!("{} ms", figure(row.median_ms)),
    });
    let boxes = rows.iter().map(|row| Bar {
        label: label(row),
        value: row.end_to_end_median_ms,
        mark: None,
        text: format!("{} ms, {} a second", figure(row.end_to_end_median_ms), figure(1e3 / row.end_to_end_median_ms)),
    });
    let rate = rows.iter().map(|row| Bar {
        label: label(row),
        value: row.gflops,
        mark: None,
        text: row.roof_pct.map_or_else(
            || format!("{} GFLOP/s", figure(row.gflops)),
            |pct| format!("{} GFLOP/s, {} %", figure(row.gflops), figure(pct)),
        ),
    });
    let bars = |name: &str, bars: Vec<Bar>| plot::bars(name, &bars);
    let mut out = section(
        "The network",
        "Milliseconds from an f32 tensor on the host to the head tensors on the host. Shorter is better.",
        &bars("median time of the network by result", network.collect()),
    );
    out += &section(
        "Picture to boxes",
        "Milliseconds from a decoded picture of 640x480 on the host to boxes on the host. Shorter is better.",
        &bars("median time from picture to boxes by result", boxes.collect()),
    );
    out += &section(
        "Rate",
        "Operations of the convolutions a second, and what that is of the adapter's own multiply-adds. Longer is better.",
        &bars("rate by result", rate.collect()),
    );
    let remark = if rows.iter().any(|row| row.weights.starts_with("random")) {
        "Times are milliseconds. Random weights find no boxes: they show the speed of the network, nothing else."
    } else {
        "Times are milliseconds."
    };
    out + &section("Every figure", remark, &sheet(table::results(rows)))
}

/// A table, its cells escaped.
pub fn sheet((header, rows): TableData) -> String {
    let head: String = header.iter().map(|cell| format!("<th>{}</th>", escape(cell))).collect();
    let row = |cells: &Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let body: String = rows.iter().map(row).collect();
    format!("<div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>")
}

/// Networks and their nodes under the roof of one adapter, a plot for each precision.
fn rooflines(roof: &RoofRow, rows: &[NetworkRow]) -> String {
    let mut out = String::new();
    for precision in [yolov4::Precision::F32, yolov4::Precision::F16] {
        let mine: Vec<&NetworkRow> =
            rows.iter().filter(|row| row.on(roof) && row.precision == precision.name()).collect();
        if mine.is_empty() {
            continue;
        }
        let node = |node: &NodeRow| Point {
            intensity: node.flop / node.bytes.max(1) as f64,
            gflops: node.gflops.unwrap_or(0.0),
            text: format!("{}: {}, {} ms", node.name, node.rung, figure(node.ms)),
            label: None,
        };
        let whole = |row: &&NetworkRow| Point {
            intensity: row.work.0 / row.work.1.max(1.0),
            gflops: row.gflops,
            text: format!("{}: {} GFLOP/s", table::title(row), figure(row.gflops)),
            label: Some(format!("{} {}", row.model, row.size)),
        };
        let points: Vec<Point> =
            mine.iter().map(whole).chain(mine.iter().flat_map(|row| row.nodes.iter().flatten()).map(node)).collect();
        let title = format!("Under the roof: {} ({}), {}", roof.adapter, roof.backend, precision.name());
        let said = "Left of the bend storage sets the limit, right of it multiply-adds. Large points are networks, small ones \
                    their nodes (--nodes). Caches can lift a point above the roof.";
        let svg = plot::roofline(&title, roof.roof.gflops(precision), roof.roof.storage_gbs, &points);
        out += &section(&title, said, &svg);
    }
    out
}

/// Where the time of one result goes.
fn nodes(row: &NetworkRow) -> String {
    let Some(nodes) = &row.nodes else { return String::new() };
    // The rungs that take longest have a colour of their own, the others share the last one.
    let mut spent: Vec<(&str, f64)> = Vec::new();
    for node in nodes {
        match spent.iter_mut().find(|(rung, _)| *rung == node.rung) {
            Some((_, ms)) => *ms += node.ms,
            None => spent.push((&node.rung, node.ms)),
        }
    }
    spent.sort_by(|a, b| b.1.total_cmp(&a.1));
    let hue = |rung: &str| spent.iter().position(|(name, _)| *name == rung).unwrap_or(HUES).min(HUES - 1);
    let pieces: Vec<Piece> = nodes
        .iter()
        .map(|node| Piece {
            share: node.ms,
            hue: hue(&node.rung),
            text: format!("{} ({}, {}): {} ms", node.name, node.op, node.rung, figure(node.ms)),
        })
        .collect();
    let key: String = spent
        .iter()
        .map(|(rung, ms)| {
            format!(
                "<span><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect \
                 class=\"hue{}\" width=\"10\" height=\"10\" rx=\"2\"/></svg>{} {} ms</span>",
                hue(rung),
                escape(rung),
                figure(*ms)
            )
        })
        .collect();
    let title = format!("Where the time goes: {}", table::title(row));
    let body = format!(
        "{}<div class=\"key\">{key}</div><details><summary>{} nodes, the slowest first</summary>{}</details>",
        plot::strip(&title, &pieces),
        nodes.len(),
        sheet(table::slowest(nodes))
    );
    section(&title, "Nodes in the order in which they are played, as wide as their time, coloured by kernel.", &body)
}
