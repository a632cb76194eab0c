//! The dispatches of a frame as a trace in Chrome's event format, which Perfetto reads too.

use serde_json::{Value, json};
use yolov4::{Error, Result};

use super::report::{NetworkRow, Report};

/// All results in one file, each a process of its own; dispatches follow one another from zero on.
///
/// # Errors
/// [`Error::Format`] if it cannot be written as JSON; there is no such trace.
pub fn text(report: &Report) -> Result<String> {
    let events: Vec<Value> = report.results.iter().enumerate().flat_map(|(i, row)| events(i as u64 + 1, row)).collect();
    let trace = json!({
        "displayTimeUnit": "ms",
        "otherData": { "program": "yolov4", "version": env!("CARGO_PKG_VERSION") },
        "traceEvents": events,
    });
    let text = serde_json::to_string_pretty(&trace).map_err(Error::format("the trace", "JSON"))?;
    Ok(text + "\n")
}

fn events(process: u64, row: &NetworkRow) -> Vec<Value> {
    let software = if row.software { ", SOFTWARE ADAPTER" } else { "" };
    let title = format!("{} {} {} on {}{software}", row.model, row.size, row.precision, row.adapter);
    let named =
        |what: &str, name: &str| json!({ "ph": "M", "name": what, "pid": process, "tid": 1, "args": { "name": name } });
    let mut all = vec![named("process_name", &title), named("thread_name", "network")];
    // Microseconds.
    let mut at = 0.0;
    for dispatch in &row.timeline {
        let long = 1e3 * dispatch.ms;
        all.push(json!({
            "ph": "X", "cat": "dispatch", "pid": process, "tid": 1, "ts": at, "dur": long,
            "name": dispatch.node,
            "args": { "kernel": dispatch.kernel, "op": dispatch.op },
        }));
        at += long;
    }
    all
}
