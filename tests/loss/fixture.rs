//! Darknet's own deltas and costs: its CPU build on given heads and truths.
//!
//! `yolo_loss_fixture.json`, of the test data, is a network's heads with three truths a picture. `judged.json` is more of the same by the same
//! means, the C source that the crate darknet-sys 0.4 carries, built without CUDA: random heads on a grid that is not square, ten truths a
//! picture so that cells are shared, boxes that do not meet, predictions above `ignore_thresh` and `truth_thresh`, multipliers, ids of no class,
//! and Darknet's counts.

use serde_json::Value;
use std::{collections::BTreeSet, path::Path};
use yolov4::low_level::train::darknet_loss::{
    BoxGradient, BoxLoss, HeadLoss, HeadValues, IouKind, Truth, YoloSection, batch, multipliers,
};

use crate::data::test_data;

struct Record {
    name: String,
    section: YoloSection,
    raw: Vec<f64>,
    grid: (usize, usize),
    canvas: (usize, usize),
    truths: Vec<Vec<Truth>>,
    deltas: Vec<f64>,
    cost: f64,
    counts: Option<Counts>,
}

/// `count`, `total_bbox`, `rewritten_bbox` and the mean IoU, as Darknet prints it.
struct Counts {
    assigned: u64,
    boxes: u64,
    rewritten: u64,
    iou: f64,
}

impl Record {
    fn loss(&self) -> HeadLoss {
        let head = HeadValues { raw: &self.raw[..], grid: self.grid, canvas: self.canvas };
        batch(&self.section, BoxGradient::Darknet, head, &self.truths).unwrap()
    }

    fn entry(&self, index: usize) -> usize {
        index / (self.grid.0 * self.grid.1) % (5 + self.section.classes)
    }

    /// Picture, mask, and cell.
    fn spot(&self, index: usize) -> (usize, usize) {
        let cells = self.grid.0 * self.grid.1;
        (index / cells / (5 + self.section.classes), index % cells)
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn pair(value: &Value) -> (usize, usize) {
    let pair = numbers(value);
    (pair[0] as usize, pair[1] as usize)
}

fn list(text: &str) -> Vec<f64> {
    text.split(',').map(|v| v.trim().parse().unwrap()).collect()
}

/// Every key is read, or it is an error.
fn section(keys: &Value) -> YoloSection {
    let mut section = YoloSection::default();
    let mut counters = None;
    for (key, value) in keys.as_object().unwrap() {
        let text = value.as_str().unwrap();
        let number = || text.parse::<f64>().unwrap();
        match key.as_str() {
            "mask" => section.mask = list(text).iter().map(|&v| v as usize).collect(),
            "anchors" => section.anchors = list(text).chunks(2).map(|a| [a[0], a[1]]).collect(),
            "classes" => section.classes = number() as usize,
            "num" => {}
            "new_coords" => section.new_coords = number() != 0.0,
            "scale_x_y" => section.scale_x_y = number(),
            "ignore_thresh" => section.ignore_thresh = number(),
            "truth_thresh" => section.truth_thresh = number(),
            "iou_thresh" => section.iou_thresh = number(),
            "iou_thresh_kind" => section.iou_thresh_kind = IouKind::named(text),
            "iou_loss" => section.box_loss = BoxLoss::named(text),
            "iou_normalizer" => section.iou_normalizer = number(),
            "obj_normalizer" => section.obj_normalizer = number(),
            "cls_normalizer" => section.cls_normalizer = number(),
            "max_delta" => section.max_delta = Some(number()),
            "label_smooth_eps" => section.label_smooth_eps = number(),
            "max" => section.max_boxes = number() as usize,
            "counters_per_class" => counters = Some(list(text).iter().map(|&v| v as i64).collect::<Vec<_>>()),
            "focal_loss" => section.focal_loss = number() != 0.0,
            "objectness_smooth" => section.objectness_smooth = number() != 0.0,
            _ => panic!("{key}={text} is not read"),
        }
    }
    section.multipliers = counters.map(|counters| multipliers(&counters, section.max_delta));
    section
}

fn record(value: &Value) -> Record {
    let truth = |v: &Value| {
        let v = numbers(v);
        Truth { cx: v[0], cy: v[1], w: v[2], h: v[3], class: v[4] as usize }
    };
    let pictures = value["truth_cxcywh_class"].as_array().unwrap().iter();
    Record {
        name: format!("{} {}", value["name"].as_str().unwrap(), value["layer"]),
        section: section(&value["section"]),
        raw: numbers(&value["head_input"]),
        grid: { pair(&value["grid"]) },
        canvas: pair(&value["net"]),
        truths: pictures.map(|list| list.as_array().unwrap().iter().map(truth).collect()).collect(),
        deltas: numbers(&value["delta"]),
        cost: value["cost"].as_f64().unwrap(),
        counts: value.get("count").map(|count| Counts {
            assigned: count.as_u64().unwrap(),
            boxes: value["total_bbox"].as_u64().unwrap(),
            rewritten: value["rewritten_bbox"].as_u64().unwrap(),
            iou: value["average_iou"].as_f64().unwrap(),
        }),
    }
}

fn file(path: &Path) -> Vec<Record> {
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    all.as_array().unwrap().iter().map(record).collect()
}

fn records() -> Vec<Record> {
    let judged = file(Path::new("tests/data/loss/judged.json"));
    let fixture = test_data().map(|data| file(&data.join("reference/yolo_loss_fixture.json")));
    assert_eq!((fixture.as_ref().map_or(16, Vec::len), judged.len()), (16, 26));
    fixture.into_iter().flatten().chain(judged).collect()
}

fn relative_error(ours: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (error, length) = ours.fold((0.0, 0.0), |(e, l), (a, b)| (e + (a - b) * (a - b), l + b * b));
    if length == 0.0 { error } else { (error / length).sqrt() }
}

#[test]
fn deltas_are_darknets() {
    let records = records();
    for record in &records {
        let ours = record.loss().deltas;
        assert_eq!(ours.len(), record.deltas.len());
        let part = |entries: std::ops::Range<usize>| {
            let pairs = ours.iter().zip(&record.deltas).enumerate();
            relative_error(
                pairs.filter(|(index, _)| entries.contains(&record.entry(*index))).map(|(_, (&a, &b))| (a, b)),
            )
        };
        let all = part(0..usize::MAX);
        let parts = [part(0..2), part(2..4), part(4..5), part(5..usize::MAX)];
        let most = ours.iter().zip(&record.deltas).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!("{:12} all {all:.1e} xy, wh, objectness, classes {parts:?} most {most:.1e}", record.name);
        assert!(all < 1e-6, "{}: {all}", record.name);
        // Box deltas are small beside the others: each part for itself.
        assert!(parts.iter().all(|&part| part < 2e-6), "{}: {parts:?}", record.name);
        let largest = record.deltas.iter().fold(1.0, |most: f64, d| most.max(d.abs()));
        assert!(most < 4e-7 * largest, "{}: {most}", record.name);
    }
}

#[test]
fn costs_are_darknets() {
    for record in records() {
        let tally = record.loss().tally;
        let cost = tally.cost(&record.section);
        let error = (cost.total() - record.cost).abs() / record.cost;
        println!("{:12} {:.6} {:.6} {error:.1e} {cost:.4?}", record.name, cost.total(), record.cost);
        assert!(error < 1e-6, "{}: {} {}", record.name, cost.total(), record.cost);
    }
}

/// Which spots have deltas of boxes, objectness and classes; how often they were assigned, where the file says it.
#[test]
fn the_same_predictions_are_assigned() {
    for record in records() {
        let loss = record.loss();
        let spots = |deltas: &[f64], entries: std::ops::Range<usize>| -> BTreeSet<_> {
            let some = (0..deltas.len()).filter(|&i| entries.contains(&record.entry(i)) && deltas[i] != 0.0);
            some.map(|i| record.spot(i)).collect()
        };
        for entries in [0..4, 4..5, 5..5 + record.section.classes] {
            let (ours, theirs) = (spots(&loss.deltas, entries.clone()), spots(&record.deltas, entries.clone()));
            assert_eq!(ours, theirs, "{} {entries:?}", record.name);
        }
        let tally = loss.tally;
        println!(
            "{:24} {} {} {} {:.6}",
            record.name,
            tally.assigned,
            tally.boxes,
            tally.rewritten,
            tally.average_iou()
        );
        if let Some(counts) = &record.counts {
            let ours = [tally.assigned, tally.boxes, tally.rewritten].map(|count| count as u64);
            assert_eq!(ours, [counts.assigned, counts.boxes, counts.rewritten], "{}", record.name);
            assert!((tally.average_iou() - counts.iou).abs() < 2e-6, "{}", record.name);
        }
    }
}

/// The values of a head in f32 are the same values.
#[test]
fn heads_in_f32() {
    for record in records() {
        let raw: Vec<f32> = record.raw.iter().map(|&v| v as f32).collect();
        let head = HeadValues { raw: &raw[..], grid: record.grid, canvas: record.canvas };
        let ours = batch(&record.section, BoxGradient::Darknet, head, &record.truths).unwrap().deltas;
        let all = relative_error(ours.iter().copied().zip(record.deltas.iter().copied()));
        assert!(all < 1e-6, "{}: {all}", record.name);
    }
}
