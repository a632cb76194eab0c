//! Nodes on a line of time, in the Trace Event Format that Perfetto and chrome://tracing read.

use std::path::Path;

use serde_json::{Value, json};

use super::report::{Node, Row};
use crate::output;

/// Writes one event per dispatch, one after the other.
///
/// # Errors
/// [`yolov4::Error::Io`], [`yolov4::Error::Usage`] if there are no times.
pub fn write(path: &Path, row: &Row, nodes: &[Node]) -> yolov4::Result<()> {
    if nodes.is_empty() {
        let adapter = &row.adapter;
        return Err(yolov4::Error::Usage(format!("--profile: \"{adapter}\" stamps no times of single nodes")));
    }
    let name = format!("{} {} {} on {}", row.model, row.size, row.precision, row.adapter);
    let mut events = vec![json!({"name": "process_name", "ph": "M", "pid": 1, "args": {"name": name}})];
    let mut at = 0.0;
    for node in nodes {
        for (i, ms) in node.ms.iter().enumerate() {
            let part = if node.ms.len() > 1 { format!(" {}/{}", i + 1, node.ms.len()) } else { String::new() };
            let args = json!({
                "node": node.name,
                "shape": node.shape,
                "gflops": node.gflop / node.total() * 1e3,
                "bytes": node.bytes,
            });
            events.push(json!({
                "name": format!("{} [{}]{part}", node.op, node.kernel),
                "cat": node.kernel,
                "ph": "X",
                "ts": at,
                "dur": ms * 1e3,
                "pid": 1,
                "tid": 1,
                "args": args,
            }));
            at += ms * 1e3;
        }
    }
    let text = serde_json::to_string(&Value::from_iter([("traceEvents", Value::Array(events))])).unwrap_or_default();
    output::write(path, text.as_bytes())
}
