//! `yolov4 train --check`: labelled pictures, looked at as training will.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde_json::json;
use yolov4::{
    Picture,
    dataset::{
        AnchorFit, AnchorHead, Fault, SetPart, SetReport, Severity, ShapeTable, TrainingSet, check, fit, shapes, sizes,
    },
    low_level::{graph::Graph, model::Model},
};

use crate::{CommandResult, Failure, output, progress};

/// How what was found is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people: a line a fault, tables
    Text,
    /// One object
    Json,
}

/// What is said of a set.
pub struct Checked {
    pub report: SetReport,
    table: ShapeTable,
    /// How the network's anchors fit.
    pub fitted: AnchorFit,
}

/// Looks at every label and every picture of a set, and at the objects as a network sees them.
pub fn look(set: &TrainingSet, network: &Model, exif: bool) -> Checked {
    let bar = progress::bar(SetPart::ALL.iter().map(|part| set.part(*part).len()).sum());
    let report = check(set, &|bytes, path| {
        bar.inc(1);
        Picture::decode_telling(bytes, path, exif)
    });
    bar.finish_and_clear();
    let (graph, letterbox) = (&network.graph, network.preprocess.letterbox);
    let table = sizes(set, graph.canvas(), letterbox);
    let (anchors, heads) = anchors(graph);
    let fitted = fit(&shapes(&set.train, graph.canvas(), letterbox), &set.classes, &anchors, &heads);
    Checked { report, table, fitted }
}

impl Checked {
    /// Prints it, and says whether training would be wrong.
    pub fn print(&self, format: CheckFormat, network: &Model) -> CommandResult {
        let Self { report, table, fitted } = self;
        match format {
            CheckFormat::Text => output::print(&text(report, table, fitted, &network.source.display().to_string()))?,
            CheckFormat::Json => output::print(&output::json("what was found", &object(report, table, fitted))?)?,
        }
        if report.count(Severity::Error) > 0 { Err(Failure::Reported) } else { Ok(()) }
    }
}

/// The anchors of all heads, each once, and which of them a head has.
fn anchors(graph: &Graph) -> (Vec<(f64, f64)>, Vec<AnchorHead>) {
    let (all, masks) = graph.anchors();
    let heads = graph.heads.iter().zip(masks).map(|(head, mask)| {
        let stride = graph.canvas().0 / graph.node(head.input).shape.w.max(1);
        AnchorHead { stride, mask }
    });
    let heads = heads.collect();
    (all.iter().map(|(w, h)| (f64::from(*w), f64::from(*h))).collect(), heads)
}

fn text(report: &SetReport, table: &ShapeTable, fitted: &AnchorFit, network: &str) -> String {
    let count = |severity| report.count(severity);
    let faults: String = report.faults.iter().map(|fault| format!("{fault}\n")).collect();
    let gap = if faults.is_empty() { "" } else { "\n" };
    format!(
        "{faults}{gap}{}\n{table}\nanchors of {network}\n{fitted}\n{} errors, {} warnings, {} notes\n",
        report.summary,
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Note),
    )
}

fn object(report: &SetReport, table: &ShapeTable, fitted: &AnchorFit) -> serde_json::Value {
    let fault = |fault: &Fault| {
        json!({
            "file": fault.file.display().to_string(), "line": fault.line, "severity": fault.severity().to_string(),
            "message": fault.message,
        })
    };
    let parts: BTreeMap<&str, serde_json::Value> = SetPart::ALL
        .iter()
        .zip(&report.summary.parts)
        .map(|(part, count)| {
            let found = json!({
                "pictures": count.pictures, "boxes": count.boxes, "negatives": count.negatives, "unlabelled": count.unlabelled,
            });
            (part.name(), found)
        })
        .collect();
    let classes: Vec<_> = report
        .summary
        .classes
        .iter()
        .zip(&table.classes)
        .zip(&fitted.classes)
        .map(|((class, (_, by_size)), fit)| {
            json!({
                "name": class.name, "boxes": class.boxes, "pictures": class.pictures, "left_out": class.left_out,
                "by_size": by_size, "mean_iou": fit.mean_iou, "by_iou": fit.by_iou, "by_ratio": fit.by_ratio,
            })
        })
        .collect();
    json!({
        "faults": report.faults.iter().map(fault).collect::<Vec<_>>(), "parts": parts, "classes": classes,
        "canvas": [table.canvas.0, table.canvas.1], "unseen": table.unseen,
        "anchors": { "mean_iou": fitted.all.mean_iou, "by_iou": fitted.all.by_iou, "by_ratio": fitted.all.by_ratio,
                     "unassigned": fitted.unassigned, "rewritten": fitted.rewritten },
    })
}
