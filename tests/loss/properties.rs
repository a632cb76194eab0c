//! Darknet's rules, each by itself.

use crate::common::*;
use yolov4::low_level::train::darknet_loss::{BoxLoss, Truth, YoloSection, multipliers};

fn logistic(v: f64) -> f64 {
    1.0 / (1.0 + (-v).exp())
}

/// The value that `logistic` makes `p` of.
fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

/// Puts a box exactly onto the truth, at a mask and cell.
fn put(section: &YoloSection, raw: &mut [f64], mask: usize, (column, row): (usize, usize), truth: &Truth) {
    let [w, h] = section.anchors[section.mask[mask]];
    let offset = |centre: f64, cells: usize, cell: usize| {
        logit((centre * cells as f64 - cell as f64 + 0.5 * (section.scale_x_y - 1.0)) / section.scale_x_y)
    };
    raw[at(section, mask, 0, (column, row))] = offset(truth.cx, GRID.0, column);
    raw[at(section, mask, 1, (column, row))] = offset(truth.cy, GRID.1, row);
    raw[at(section, mask, 2, (column, row))] = (truth.w * CANVAS.0 as f64 / w).ln();
    raw[at(section, mask, 3, (column, row))] = (truth.h * CANVAS.1 as f64 / h).ln();
}

#[test]
fn without_truths_only_objectness() {
    let section = YoloSection { obj_normalizer: 0.4, ..section() };
    let raw = head(&section, 1);
    let loss = darknet(&section, &raw, &[]);
    for (index, &delta) in loss.deltas.iter().enumerate() {
        let expected = if entry(&section, index) == 4 { -0.4 * logistic(raw[index]) } else { 0.0 };
        assert!((delta - expected).abs() < 1e-15);
    }
    let tally = loss.tally;
    assert_eq!((tally.assigned, tally.boxes, tally.predictions), (0, 0, 3 * 15));
    assert_eq!(tally.cost(&section).boxes, 0.0);
    assert_eq!(tally.average_iou(), 0.0);
}

#[test]
fn a_truth_lands_at_its_anchor_and_cell() {
    let section = section();
    let raw = head(&section, 2);
    let (none, one) = (darknet(&section, &raw, &[]), darknet(&section, &raw, &[middle(2)]));
    for index in 0..raw.len() {
        let own = (0..9).any(|entry| at(&section, 1, entry, (1, 1)) == index);
        assert_eq!(none.deltas[index] != one.deltas[index], own, "{index}");
    }
    let p = |entry| logistic(raw[at(&section, 1, entry, (1, 1))]);
    let delta = |entry| one.deltas[at(&section, 1, entry, (1, 1))];
    assert!((delta(4) - (1.0 - p(4))).abs() < 1e-15);
    for class in 0..4 {
        let target = if class == 2 { 1.0 } else { 0.0 };
        assert!((delta(5 + class) - (target - p(5 + class))).abs() < 1e-15);
    }
    assert_eq!((one.tally.assigned, one.tally.rewritten), (1, 0));
}

/// The best of *all* anchors decides, though the head has only some.
#[test]
fn a_truth_of_another_head_does_nothing() {
    let section = section();
    let raw = head(&section, 2);
    let none = darknet(&section, &raw, &[]);
    for (w, h) in [(0.06, 0.14), (0.95, 0.98)] {
        let other = darknet(&section, &raw, &[truth(0, 0.5, 0.5, w, h)]);
        assert_eq!(other.tally.assigned, 0);
        assert_eq!(other.deltas, none.deltas);
    }
}

#[test]
fn other_anchors_by_iou_thresh() {
    let raw = head(&section(), 2);
    let truths = [middle(2)];
    let assigned = |iou_thresh| {
        let section = YoloSection { iou_thresh, ..section() };
        darknet(&section, &raw, &truths).tally.assigned
    };
    // Shapes 35.2x48.96 against 23x27, 37x58, 81x82: IoU .360, .803, .259.
    assert_eq!([0.2, 0.3, 0.5, 0.9, 1.0].map(assigned), [3, 2, 1, 1, 1]);
}

/// Two truths in one cell: boxes add, the cell has both classes.
#[test]
fn two_truths_of_one_cell_add() {
    for box_loss in KINDS.map(BoxLoss::Overlap).into_iter().chain([BoxLoss::Mse]) {
        let section = YoloSection { box_loss, ..section() };
        let raw = head(&section, 4);
        let (a, b) = (middle(2), truth(0, 0.33, 0.47, 0.18, 0.64));
        let of = |truths: &[Truth]| darknet(&section, &raw, truths);
        let (first, second, both) = (of(&[a]), of(&[b]), of(&[a, b]));
        let delta = |loss: &yolov4::low_level::train::darknet_loss::HeadLoss, entry| {
            loss.deltas[at(&section, 1, entry, (1, 1))]
        };
        for entry in 0..4 {
            let sum = delta(&first, entry) + delta(&second, entry);
            assert!((delta(&both, entry) - sum).abs() < 1e-12);
        }
        let p = |class: usize| logistic(raw[at(&section, 1, 5 + class, (1, 1))]);
        for (class, target) in [(0, 1.0), (1, 0.0), (2, 1.0), (3, 0.0)] {
            assert!((delta(&both, 5 + class) - (target - p(class))).abs() < 1e-15);
        }
        assert_eq!((both.tally.assigned, both.tally.rewritten), (2, 1));
        // With iou_thresh they are averaged, by the two positive class deltas.
        let averaged = darknet(&YoloSection { iou_thresh: 0.9, ..section.clone() }, &raw, &[a, b]);
        assert!((delta(&averaged, 0) - delta(&both, 0) / 2.0).abs() < 1e-12);
        // Two of one class have one positive delta and are not.
        let same = Truth { class: 2, ..b };
        let averaged = darknet(&YoloSection { iou_thresh: 0.9, ..section.clone() }, &raw, &[a, same]);
        assert!((delta(&averaged, 0) - delta(&both, 0)).abs() < 1e-12);
    }
}

/// A prediction elsewhere that overlaps a truth is left alone, if any class of it is above .25.
#[test]
fn ignore_thresh() {
    let truths = [middle(2)];
    let spot = (2, 1);
    for (sure, thresh, smooth, expected) in [
        (true, 0.7, false, "nothing"),
        (true, 0.7, true, "iou"),
        (true, 0.999, false, "down"),
        (false, 0.7, false, "down"),
        (false, 0.7, true, "down"),
    ] {
        let section = YoloSection { ignore_thresh: thresh, objectness_smooth: smooth, scale_x_y: 2.0, ..section() };
        let mut raw = head(&section, 5);
        // From the neighbouring cell, at another anchor, a little wider than the truth.
        let pred = Truth { cx: 0.37, w: 0.22, ..truths[0] };
        put(&section, &mut raw, 0, spot, &pred);
        let iou = (0.22 - 0.06) / (0.22 + 0.06);
        let thresh_below = YoloSection { ignore_thresh: if thresh == 0.7 { iou - 0.01 } else { thresh }, ..section };
        for class in 0..4 {
            raw[at(&thresh_below, 0, 5 + class, spot)] = if sure && class == 3 { logit(0.26) } else { logit(0.24) };
        }
        let index = at(&thresh_below, 0, 4, spot);
        let p = logistic(raw[index]);
        let delta = darknet(&thresh_below, &raw, &truths).deltas[index];
        let target = match expected {
            "nothing" => p,
            "iou" => iou,
            _ => 0.0,
        };
        assert!((delta - (target - p)).abs() < 1e-9, "{sure} {thresh} {smooth}: {delta}");
    }
}

/// An assigned cell keeps its push to no object until its box is good enough; without the key it is pulled at once.
#[test]
fn objectness_smooth_waits() {
    let raw = head(&section(), 2);
    let index = at(&section(), 1, 4, (1, 1));
    let p = logistic(raw[index]);
    let delta = |objectness_smooth| {
        let section = YoloSection { objectness_smooth, ignore_thresh: 0.99, ..section() };
        darknet(&section, &raw, &[middle(2)]).deltas[index]
    };
    assert!((delta(true) + p).abs() < 1e-15);
    assert!((delta(false) - (1.0 - p)).abs() < 1e-15);
    // Objectness of exactly 0 has no push, so that it is pulled.
    let mut raw = raw.clone();
    raw[index] = f64::NEG_INFINITY;
    let section = YoloSection { objectness_smooth: true, ignore_thresh: 0.99, ..section() };
    assert_eq!(darknet(&section, &raw, &[middle(2)]).deltas[index], 1.0);
}

#[test]
fn truth_thresh_assigns_without_counting() {
    for smooth in [false, true] {
        let section = YoloSection { truth_thresh: 0.5, objectness_smooth: smooth, scale_x_y: 2.0, ..section() };
        let mut raw = head(&section, 5);
        let (spot, truths) = ((2, 1), [middle(2)]);
        for mask in 0..3 {
            for cell in 0..15 {
                // No other prediction comes near.
                raw[at(&section, mask, 2, (cell % 5, cell / 5))] = -4.0;
            }
        }
        put(&section, &mut raw, 0, spot, &Truth { cx: 0.37, ..truths[0] });
        let iou: f64 = (0.22 - 0.06) / (0.22 + 0.06);
        let loss = darknet(&section, &raw, &truths);
        let (delta, p) =
            (|entry| loss.deltas[at(&section, 0, entry, spot)], |entry| logistic(raw[at(&section, 0, entry, spot)]));
        let target = if smooth { iou * iou } else { 1.0 };
        assert!((delta(4) - (target - p(4))).abs() < 1e-9);
        assert!((delta(7) - (target - p(7))).abs() < 1e-9);
        assert!((delta(5) + p(5)).abs() < 1e-15);
        assert!(delta(0) < 0.0, "too far right");
        assert_eq!((loss.tally.assigned, loss.tally.boxes, loss.tally.rewritten), (1, 2, 0));
    }
}

#[test]
fn label_smoothing_and_focal_loss() {
    let raw = head(&section(), 2);
    let delta = |section: &YoloSection, class: usize| {
        darknet(section, &raw, &[middle(2)]).deltas[at(section, 1, 5 + class, (1, 1))]
    };
    let p = |class: usize| logistic(raw[at(&section(), 1, 5 + class, (1, 1))]);
    let smoothed = YoloSection { label_smooth_eps: 0.1, ..section() };
    let focal = YoloSection { focal_loss: true, ..section() };
    // -alpha (1-p)^2 ln p of the true class, by its logit: the other classes share its factor.
    let loss = |v: f64| -0.5 * (1.0 - logistic(v)).powi(2) * logistic(v).ln();
    let v = raw[at(&section(), 1, 7, (1, 1))];
    let slope = -(loss(v + 1e-5) - loss(v - 1e-5)) / 2e-5;
    for class in 0..4 {
        let (target, hard) = if class == 2 { (0.95, 1.0) } else { (0.05, 0.0) };
        assert!((delta(&smoothed, class) - (target - p(class))).abs() < 1e-15);
        assert!((delta(&focal, class) - slope / (1.0 - p(2)) * (hard - p(class))).abs() < 1e-9);
    }
}

#[test]
fn multipliers_weight_everything() {
    assert_eq!(multipliers(&[10, 40, 0, 20], None), [4.0, 1.0, 40.0, 2.0]);
    assert_eq!(multipliers(&[10, 40, 0, 20], Some(5.0)), [4.0, 1.0, 5.0, 2.0]);
    let plain = YoloSection { cls_normalizer: 0.5, ..section() };
    let weighted = YoloSection { multipliers: Some(vec![1.0, 1.0, 3.0, 1.0]), ..plain.clone() };
    let raw = head(&plain, 2);
    let of = |section: &YoloSection, entry| darknet(section, &raw, &[middle(2)]).deltas[at(section, 1, entry, (1, 1))];
    for entry in 0..5 {
        assert!((of(&weighted, entry) - 3.0 * of(&plain, entry)).abs() < 1e-12);
    }
    // cls_normalizer works on the true class, and only with multipliers.
    assert!((of(&weighted, 7) - 3.0 * 0.5 * of(&plain, 7)).abs() < 1e-12);
    assert_eq!(of(&weighted, 5), of(&plain, 5));
    assert_eq!(of(&plain, 7), of(&section(), 7));
    // A second truth of the class does not see it.
    let twice = darknet(&weighted, &raw, &[middle(2), middle(2)]).deltas[at(&plain, 1, 7, (1, 1))];
    assert!((twice - 3.0 * of(&plain, 7)).abs() < 1e-12);
}

#[test]
fn max_delta_bounds_each_pull() {
    let section = YoloSection { max_delta: Some(0.01), ..section() };
    let raw = head(&section, 2);
    let delta = |truths: &[Truth]| darknet(&section, &raw, truths).deltas[at(&section, 1, 2, (1, 1))];
    assert_eq!(delta(&[middle(2)]).abs(), 0.01);
    assert_eq!(delta(&[middle(2), middle(2)]).abs(), 0.02);
    let mse = YoloSection { box_loss: BoxLoss::Mse, ..section.clone() };
    assert!(darknet(&mse, &raw, &[middle(2)]).deltas[at(&section, 1, 2, (1, 1))].abs() > 0.01);
}

/// mse: deltas vanish where the box is right, and are the distance to there.
#[test]
fn squared_error_ends_at_the_truth() {
    let section = YoloSection { box_loss: BoxLoss::Mse, scale_x_y: 1.1, ..section() };
    let mut raw = head(&section, 2);
    put(&section, &mut raw, 1, (1, 1), &middle(2));
    raw[at(&section, 1, 2, (1, 1))] += 0.125;
    let loss = darknet(&section, &raw, &[middle(2)]);
    let expected = [0.0, 0.0, -0.125 * 0.75 * (2.0 - 0.22 * 0.51), 0.0];
    for (entry, expected) in expected.into_iter().enumerate() {
        assert!((loss.deltas[at(&section, 1, entry, (1, 1))] - expected).abs() < 1e-12, "{entry}");
    }
    let cost = loss.tally.cost(&section);
    assert!((cost.boxes - expected[2] * expected[2]).abs() < 1e-12);
    assert_eq!(cost.total(), loss.tally.squares.total());
}
