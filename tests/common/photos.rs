//! Photographs, trained networks, and what Darknet itself found: how the boxes of two programs are compared.
#![allow(dead_code, reason = "every suite compiles this file and uses a part of it")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use yolov4::{BoxPx, Detector, DetectorBuilder, Picture};

/// One box of either program, in pixels of the picture.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub class: usize,
    pub score: f64,
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Found {
    pub fn iou(&self, other: &Self) -> f64 {
        let w = self.right.min(other.right) - self.left.max(other.left);
        let h = self.bottom.min(other.bottom) - self.top.max(other.top);
        if w <= 0.0 || h <= 0.0 {
            return 0.0;
        }
        let area = |f: &Self| (f.right - f.left) * (f.bottom - f.top);
        w * h / (area(self) + area(other) - w * h)
    }
}

/// Boxes of `left` without a partner in `right`: same class, overlap and score as close as asked. One to one, best first.
pub fn unmatched(left: &[Found], right: &[Found], iou: f64, score: f64) -> usize {
    let mut free: Vec<&Found> = right.iter().collect();
    let mut missing = 0;
    for f in left.iter().filter(|f| f.score >= 0.27) {
        let fits = |o: &Found| o.class == f.class && (o.score - f.score).abs() <= score && o.iou(f) >= iou;
        let best =
            (0..free.len()).filter(|i| fits(free[*i])).max_by(|a, b| free[*a].iou(f).total_cmp(&free[*b].iou(f)));
        match best {
            Some(i) => drop(free.swap_remove(i)),
            None => missing += 1,
        }
    }
    missing
}

pub struct Network {
    pub name: &'static str,
    pub size: usize,
    pub letterbox: bool,
    /// Share that may be unmatched at IoU .95 and score .02, and at IoU .98 and score .01.
    pub allowed: (f64, f64),
}

pub const NETWORKS: [Network; 3] = [
    Network { name: "yolo-fastest-1.1-xl", size: 320, letterbox: false, allowed: (0.006, 0.005) },
    Network { name: "yolov4-tiny-voc", size: 416, letterbox: false, allowed: (0.006, 0.02) },
    Network { name: "yolov5n", size: 640, letterbox: true, allowed: (0.006, 0.01) },
];

pub fn builder(data: &Path, network: &Network) -> DetectorBuilder {
    let base = data.join("models").join(network.name);
    Detector::builder()
        .model(base.join(format!("{}.cfg", network.name)))
        .weights(base.join(format!("{}.weights", network.name)))
        .size((network.size, network.size))
        .letterbox(network.letterbox)
}

pub fn photo(data: &Path, name: &str) -> PathBuf {
    let plain = data.join("images").join(name);
    if plain.exists() { plain } else { data.join("images/coco").join(name) }
}

pub fn theirs(row: &Value, picture: &Picture) -> Vec<Found> {
    let (w, h) = (picture.width as f64, picture.height as f64);
    let objects = row["objects"].as_array().unwrap().iter();
    let found = objects.map(|o| {
        let at = |key: &str| o["relative_coordinates"][key].as_f64().unwrap();
        let (cx, cy, bw, bh) = (at("center_x") * w, at("center_y") * h, at("width") * w, at("height") * h);
        Found {
            class: o["class_id"].as_u64().unwrap() as usize,
            score: o["confidence"].as_f64().unwrap(),
            left: (cx - bw / 2.0).clamp(0.0, w),
            top: (cy - bh / 2.0).clamp(0.0, h),
            right: (cx + bw / 2.0).clamp(0.0, w),
            bottom: (cy + bh / 2.0).clamp(0.0, h),
        }
    });
    found.collect()
}

pub fn ours(detector: &mut Detector, picture: &Picture) -> Vec<Found> {
    let found = detector.detect(picture).unwrap();
    found.iter().map(|d| self::found(d.class, d.score, &d.bbox)).collect()
}

pub fn found(class: usize, score: f32, bbox: &BoxPx) -> Found {
    let (left, top) = (f64::from(bbox.x), f64::from(bbox.y));
    let (right, bottom) = (left + f64::from(bbox.w), top + f64::from(bbox.h));
    Found { class, score: f64::from(score), left, top, right, bottom }
}

/// What Darknet found with a network, a row a photo: a hundred.
pub fn darknet(data: &Path, network: &Network) -> Vec<Value> {
    let text = std::fs::read_to_string(data.join(format!("images/darknet/{}.json", network.name))).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(rows.len(), 100);
    rows
}

/// As many of the photos as asked for: nearly every box must have its partner among Darknet's, and the other way round.
pub fn compare(data: &Path, network: &Network, detector: &mut Detector, photos: usize, who: &str) {
    let (mut total, mut loose, mut tight) = (0, 0, 0);
    for row in darknet(data, network).iter().take(photos) {
        let picture = Picture::open_with(photo(data, row["image"].as_str().unwrap()), false).unwrap();
        let (theirs, ours) = (theirs(row, &picture), ours(detector, &picture));
        let both = |iou, score| unmatched(&ours, &theirs, iou, score) + unmatched(&theirs, &ours, iou, score);
        total += theirs.iter().chain(&ours).filter(|f| f.score >= 0.27).count();
        loose += both(0.95, 0.02);
        tight += both(0.98, 0.01);
    }
    let share = |n: usize| n as f64 / total as f64;
    println!(
        "{}, {who}: {total} boxes in both directions, unmatched {:.2} % at .95/.02, {:.2} % at .98/.01 ({})",
        network.name,
        100.0 * share(loose),
        100.0 * share(tight),
        detector.player()
    );
    assert!(total > photos, "{}, {who}: only {total} boxes", network.name);
    // Ten photos have too few boxes for a share of half a percent: one near-tie is forgiven.
    let spare = if photos < 100 { 1 } else { 0 };
    let within = |n: usize, allowed: f64| share(n.saturating_sub(spare)) <= allowed;
    assert!(within(loose, network.allowed.0), "{}, {who}: {loose} of {total} at .95/.02", network.name);
    assert!(within(tight, network.allowed.1), "{}, {who}: {tight} of {total} at .98/.01", network.name);
}
