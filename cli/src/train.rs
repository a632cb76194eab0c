//! `yolov4 train --check`: labelled pictures, looked at as training will.

use std::{collections::BTreeMap, path::PathBuf};

use clap::ValueEnum;
use serde_json::json;
use yolov4::{
    Error, Picture,
    dataset::{
        AnchorFit, AnchorHead, Fault, SetPart, SetReport, Severity, ShapeTable, TrainingSet, Validation, check, fit,
        shapes, sizes,
    },
    low_level::{
        graph::Graph,
        model::{CfgOptions, Model, zoo},
    },
};

use crate::{CommandResult, Failure, options, output, progress};

#[derive(clap::Args, Debug)]
pub struct TrainArgs {
    /// Darknet's obj.data, COCO's annotations, a VOC folder, a YOLO folder or its data.yaml, or a folder of pictures with labels beside them
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Look at the data and end: everything that is wrong with labels, lists and pictures, each with its file and line; how large the objects are for
    /// the network, and how its anchors fit them
    #[arg(long)]
    check: bool,
    /// The network: a name, a Darknet network description, a .safetensors file or a PyTorch checkpoint
    #[arg(long, value_name = "NAME|FILE", default_value = zoo::DEFAULT)]
    model: PathBuf,
    /// Columns and rows of its input instead of its own: one side, or width x height
    #[arg(long, value_name = "W[xH]", value_parser = options::size)]
    size: Option<(usize, usize)>,
    /// Which pictures are measured on: a fraction, chosen by --seed, or a list [default: those that the data names; else .2]
    #[arg(long, value_name = "FRACTION|FILE")]
    valid: Option<Validation>,
    /// Seed of what is chosen by chance
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Do not turn pictures as their EXIF orientation says
    #[arg(long)]
    no_exif: bool,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    format: CheckFormat,
}

/// How what was found is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people: a line a fault, tables
    Text,
    /// One object
    Json,
}

/// Of objects that are to be measured on where nobody says which.
const VALID: f64 = 0.2;

pub fn run(args: &TrainArgs) -> CommandResult {
    if !args.check {
        let message = "train: only --check is there so far: what comes before training";
        return Err(Error::Usage(message.into()).into());
    }
    let network = Model::open(&args.model, &CfgOptions { size: args.size, ..CfgOptions::default() })?;
    let mut set = TrainingSet::open(&args.data)?;
    match &args.valid {
        Some(valid) => set.split(valid, args.seed)?,
        None if set.valid.is_empty() && set.train.len() > 1 => set.split(&Validation::Fraction(VALID), args.seed)?,
        None => {}
    }
    set.measure(!args.no_exif);
    let bar = progress::bar(SetPart::ALL.iter().map(|part| set.part(*part).len()).sum());
    let report = check(&set, &|bytes, path| {
        bar.inc(1);
        Picture::decode_telling(bytes, path, !args.no_exif)
    });
    bar.finish_and_clear();
    let (graph, letterbox) = (&network.graph, network.preprocess.letterbox);
    let table = sizes(&set, graph.canvas(), letterbox);
    let (anchors, heads) = anchors(graph);
    let fitted = fit(&shapes(&set.train, graph.canvas(), letterbox), &set.classes, &anchors, &heads);
    match args.format {
        CheckFormat::Text => output::print(&text(&report, &table, &fitted, &network.source.display().to_string()))?,
        CheckFormat::Json => output::print(&output::json("what was found", &object(&report, &table, &fitted))?)?,
    }
    if report.count(Severity::Error) > 0 { Err(Failure::Reported) } else { Ok(()) }
}

/// The anchors of all heads, each once, and which of them a head has.
fn anchors(graph: &Graph) -> (Vec<(f64, f64)>, Vec<AnchorHead>) {
    let mut all: Vec<(f32, f32)> = graph.heads.iter().flat_map(|head| head.anchors.iter().copied()).collect();
    all.sort_by(|a, b| (a.0 * a.1).total_cmp(&(b.0 * b.1)));
    all.dedup();
    let place = |anchor: &(f32, f32)| all.iter().position(|other| other == anchor);
    let heads = graph.heads.iter().map(|head| AnchorHead {
        stride: graph.canvas().0 / graph.node(head.input).shape.w.max(1),
        mask: head.anchors.iter().filter_map(place).collect(),
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
