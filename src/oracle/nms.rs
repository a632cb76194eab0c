//! Greedy non-maximum suppression. In f32, operation by operation as `shaders/nms.wgsl`, so that the two agree to the
//! bit but for the power of DIoU.

use crate::{
    host::{Candidate, NmsKind, Thresholds},
    oracle::sort::sort,
};

fn shared_length(c1: f32, l1: f32, c2: f32, l2: f32) -> f32 {
    (c1 + l1 * 0.5).min(c2 + l2 * 0.5) - (c1 - l1 * 0.5).max(c2 - l2 * 0.5)
}

fn hull_length(c1: f32, l1: f32, c2: f32, l2: f32) -> f32 {
    (c1 + l1 * 0.5).max(c2 + l2 * 0.5) - (c1 - l1 * 0.5).min(c2 - l2 * 0.5)
}

/// Intersection over union.
pub fn iou(a: &Candidate, b: &Candidate) -> f32 {
    let w = shared_length(a.x, a.w, b.x, b.w);
    let h = shared_length(a.y, a.h, b.y, b.h);
    if w <= 0.0 || h <= 0.0 {
        return 0.0;
    }
    let both = w * h;
    both / (a.w * a.h + b.w * b.h - both)
}

/// `IoU - (d^2 / c^2) ^ beta`: d the distance of the centres, c the diagonal of the hull, both in fractions of the
/// picture, which covers `extent` of the canvas.
pub fn diou(a: &Candidate, b: &Candidate, beta: f32, extent: (f32, f32)) -> f32 {
    let plain = iou(a, b);
    let hw = hull_length(a.x, a.w, b.x, b.w) / extent.0;
    let hh = hull_length(a.y, a.h, b.y, b.h) / extent.1;
    let c = hw * hw + hh * hh;
    if c == 0.0 {
        return plain;
    }
    let (dx, dy) = ((a.x - b.x) / extent.0, (a.y - b.y) / extent.1);
    let d = (dx * dx + dy * dy) / c;
    if d <= 0.0 {
        return plain;
    }
    plain - f64::from(d).powf(f64::from(beta)) as f32
}

/// How much two boxes overlap, by [`Thresholds::kind`].
pub fn overlap(thresholds: &Thresholds, a: &Candidate, b: &Candidate) -> f32 {
    match thresholds.kind {
        NmsKind::Iou => iou(a, b),
        NmsKind::Diou { beta } => diou(a, b, beta, thresholds.extent),
    }
}

/// The boxes that no better one (of their class, unless agnostic) overlaps by more than the threshold, best first.
pub fn nms(mut candidates: Vec<Candidate>, thresholds: &Thresholds) -> Vec<Candidate> {
    sort(&mut candidates);
    let mut kept: Vec<Candidate> = Vec::new();
    let mut by_class: std::collections::BTreeMap<u32, Vec<Candidate>> = std::collections::BTreeMap::new();
    for candidate in candidates {
        let rivals = by_class.entry(if thresholds.agnostic { 0 } else { candidate.class }).or_default();
        if !rivals.iter().any(|better| overlap(thresholds, better, &candidate) > thresholds.iou_threshold) {
            rivals.push(candidate);
            kept.push(candidate);
        }
    }
    kept
}
