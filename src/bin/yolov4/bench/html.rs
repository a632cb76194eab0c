//! Results as one page that needs nothing else: bars and a table, light and dark.

use std::fmt::Write;

use super::report::{Row, table};

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #667; --paper: #fbfbf9; --bar: #2b6cb0; --end: #d8893b; --line: #ddd }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e4; --faint: #9aa; --paper: #14171a; --bar: #63a4e8; --end: #e5a763; --line: #333 }
}
body { margin: 3rem auto; max-width: 60rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif }
h1 { font-weight: 600 } h2 { margin: 2.5rem 0 .5rem; font-size: 1.1rem } p, figcaption { color: var(--faint) }
figure { margin: 0 } svg { width: 100%; height: auto } text { fill: var(--ink); font: 13px system-ui, sans-serif }
.net { fill: var(--bar) } .end { fill: var(--end) } .axis { stroke: var(--line) }
pre { overflow-x: auto; border-top: 1px solid var(--line); padding-top: 1rem; font-size: 13px }
strong { color: #c22 }
";

/// The whole page.
pub fn page(rows: &[Row]) -> String {
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n<title>yolov4 bench</title>\n");
    let _ = write!(out, "<style>{STYLE}</style>\n</head>\n<body>\n<h1>yolov4 bench</h1>\n");
    let mut adapters: Vec<(&str, &str)> = rows.iter().map(|r| (r.adapter.as_str(), r.backend.as_str())).collect();
    adapters.sort_unstable();
    adapters.dedup();
    for (adapter, backend) in adapters {
        let mine: Vec<&Row> = rows.iter().filter(|r| r.adapter == adapter && r.backend == backend).collect();
        let _ = writeln!(out, "<h2>{} ({})</h2>", escape(adapter), escape(backend));
        if let Some(first) = mine.first() {
            let software = if first.software {
                " <strong>A software adapter: its figures say nothing about a GPU.</strong>"
            } else {
                ""
            };
            let driver = first.driver.as_deref().unwrap_or("unknown driver");
            let _ = writeln!(out, "<p>{}, version {}.{software}</p>", escape(driver), escape(&first.version));
        }
        figure(&mut out, &mine);
    }
    let _ = write!(out, "<pre>{}</pre>\n</body>\n</html>\n", escape(&table(rows)));
    out
}

/// Two bars a row: the network, and from picture to boxes.
fn figure(out: &mut String, rows: &[&Row]) {
    const LEFT: f64 = 260.0;
    const WIDTH: f64 = 960.0;
    const ROW: f64 = 46.0;
    let most = rows.iter().map(|r| r.median_ms.max(r.end_to_end_median_ms)).fold(f64::MIN_POSITIVE, f64::max);
    let long = |ms: f64| ms / most * (WIDTH - LEFT - 110.0);
    let height = ROW * rows.len() as f64 + 8.0;
    let _ = writeln!(
        out,
        "<figure>\n<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"milliseconds a frame\">"
    );
    let _ = writeln!(out, "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{LEFT}\" y1=\"0\" y2=\"{height}\"/>");
    for (i, row) in rows.iter().enumerate() {
        let y = ROW * i as f64 + 8.0;
        let name = escape(&format!("{} {} {}", row.model, row.size, row.precision));
        let _ = writeln!(out, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>", LEFT - 8.0, y + 21.0);
        for (class, ms, down) in [("net", row.median_ms, 0.0), ("end", row.end_to_end_median_ms, 17.0)] {
            let (top, wide) = (y + down, long(ms));
            let _ =
                writeln!(out, "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{top}\" width=\"{wide:.1}\" height=\"14\"/>");
            let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{}\">{ms:.2} ms</text>", LEFT + wide + 6.0, top + 12.0);
        }
    }
    out.push_str("</svg>\n<figcaption>Medians: above, the network (tensor to heads); below, picture to boxes.</figcaption>\n</figure>\n");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
