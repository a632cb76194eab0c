//! The exact gradient against central differences of the loss that it descends.

use crate::common::*;
use yolov4::low_level::train::darknet_loss::{BoxGradient, BoxLoss, IouKind, Truth, YoloSection, picture};

/// Largest deviation of a delta from the difference quotient, relative to the largest delta, over the given entries.
fn deviation(section: &YoloSection, raw: &[f64], truths: &[Truth], entries: std::ops::Range<usize>) -> f64 {
    let of = |raw: &[f64]| picture(section, BoxGradient::Exact, of(raw), truths).unwrap();
    let loss = of(raw);
    let step = 1e-6;
    let mut most = 0.0f64;
    for index in (0..raw.len()).filter(|&index| entries.contains(&entry(section, index))) {
        let shifted = |by: f64| {
            let mut raw = raw.to_vec();
            raw[index] += by;
            of(&raw).tally.objective.total()
        };
        let quotient = (shifted(step) - shifted(-step)) / (2.0 * step);
        // Darknet's sign: what the values should be moved by.
        most = most.max((loss.deltas[index] + quotient).abs());
    }
    let largest = loss.deltas.iter().enumerate().filter(|&(i, _)| entries.contains(&entry(section, i)));
    most / largest.map(|(_, d)| d.abs()).fold(0.0, f64::max)
}

/// Three truths, two of them in one cell, one that no prediction meets.
fn truths() -> [Truth; 4] {
    [
        truth(0, 0.31, 0.42, 0.22, 0.51),
        truth(1, 0.33, 0.47, 0.18, 0.64),
        truth(2, 0.71, 0.78, 0.27, 0.45),
        truth(3, 0.97, 0.12, 0.02, 0.6),
    ]
}

fn variants() -> Vec<(String, YoloSection)> {
    let losses = KINDS.map(BoxLoss::Overlap).into_iter().chain([BoxLoss::Mse]);
    let mut variants = Vec::new();
    for box_loss in losses {
        for new_coords in [false, true] {
            for iou_thresh in [1.0, 0.2] {
                let scale_x_y = if new_coords { 2.0 } else { 1.05 };
                let section =
                    YoloSection { box_loss, new_coords, iou_thresh, scale_x_y, iou_normalizer: 0.7, ..section() };
                variants.push((format!("{box_loss:?} new_coords {new_coords} iou_thresh {iou_thresh}"), section));
            }
        }
    }
    variants
}

#[test]
fn deltas_are_the_slope_of_the_objective() {
    for (name, section) in variants() {
        for seed in 1..6 {
            let raw = head(&section, seed);
            let boxes = deviation(&section, &raw, &truths(), 0..4);
            let others = deviation(&section, &raw, &truths(), 4..usize::MAX);
            println!("{name} seed {seed}: boxes {boxes:.1e} others {others:.1e}");
            assert!(boxes < 1e-7 && others < 1e-7, "{name} seed {seed}: {boxes} {others}");
        }
    }
}

#[test]
fn with_multipliers_and_smoothed_labels() {
    for new_coords in [false, true] {
        let section = YoloSection {
            new_coords,
            label_smooth_eps: 0.1,
            multipliers: Some(vec![1.0, 2.5, 4.0, 1.5]),
            cls_normalizer: 0.5,
            obj_normalizer: 0.4,
            truth_thresh: 0.35,
            iou_thresh: 0.2,
            ..section()
        };
        let raw = head(&section, 7);
        let off = deviation(&section, &raw, &truths(), 0..usize::MAX);
        assert!(off < 1e-7, "{off}");
    }
}

/// Targets that are IoUs count as constants: the boxes are left out.
#[test]
fn with_smooth_objectness() {
    let section = YoloSection { objectness_smooth: true, ignore_thresh: 0.1, truth_thresh: 0.5, ..section() };
    for seed in 1..4 {
        let off = deviation(&section, &head(&section, seed), &truths(), 4..usize::MAX);
        assert!(off < 1e-7, "{off}");
    }
}

/// Gradient descent by the deltas lowers the objective and brings the box to its truth, by either gradient.
#[test]
fn descent_finds_the_truth() {
    let truths = [truth(2, 0.31, 0.42, 0.22, 0.51)];
    for gradient in [BoxGradient::Darknet, BoxGradient::Exact] {
        for kind in KINDS {
            let section = YoloSection { box_loss: BoxLoss::Overlap(kind), ..section() };
            let mut raw = head(&section, 3);
            let of = |raw: &[f64]| picture(&section, gradient, crate::common::of(raw), &truths).unwrap();
            let before = of(&raw).tally;
            for _ in 0..3000 {
                let step = of(&raw).deltas;
                raw.iter_mut().zip(step).for_each(|(v, d)| *v += 0.008 * d);
            }
            let after = of(&raw).tally;
            println!("{gradient:?} {kind:?} IoU {:.3} -> {:.3}", before.average_iou(), after.average_iou());
            assert!(after.average_iou() > 0.9, "{gradient:?} {kind:?}: {}", after.average_iou());
            assert!(after.objective.total() < 0.2 * before.objective.total());
            assert!(after.assigned_class > 0.9 && after.assigned_objectness > 0.9);
        }
    }
}

/// What training.md says of Darknet's formulae: x and y of IoU and GIoU lack the chain only, w and h are doubled too.
#[test]
fn where_darknet_differs() {
    let truths = [truth(2, 0.31, 0.42, 0.22, 0.51)];
    let (columns, rows) = (GRID.0 as f64, GRID.1 as f64);
    for kind in KINDS {
        let section = YoloSection { box_loss: BoxLoss::Overlap(kind), scale_x_y: 1.2, ..section() };
        let spot = |entry| at(&section, 1, entry, (1, 1));
        let mut raw = head(&section, 3);
        // Neither box holds the other on any axis.
        for (entry, value) in [0.9, -2.2, 0.1, -0.1].into_iter().enumerate() {
            raw[spot(entry)] = value;
        }
        let of = |gradient| picture(&section, gradient, crate::common::of(&raw), &truths).unwrap();
        let (darknet, exact) = (of(BoxGradient::Darknet), of(BoxGradient::Exact));
        assert_eq!(darknet.tally.assigned, 1);
        assert!(darknet.tally.iou > 0.1, "the boxes meet");
        let sigma = |entry| 1.0 / (1.0 + (-raw[spot(entry)]).exp());
        let chain = |entry: usize, cells: f64| 1.2 * sigma(entry) * (1.0 - sigma(entry)) / cells;
        let ratio = |entry: usize, chain: f64| darknet.deltas[spot(entry)] * chain / exact.deltas[spot(entry)];
        let ratios =
            [ratio(0, chain(0, columns)), ratio(1, chain(1, rows)), ratio(2, 37.0 / 160.0), ratio(3, 58.0 / 96.0)];
        println!("{kind:?} {ratios:?}");
        if matches!(kind, IouKind::Iou | IouKind::Giou) {
            let right = [1.0, 1.0, 2.0, 2.0];
            assert!(ratios.iter().zip(right).all(|(a, b)| (a - b).abs() < 1e-9), "{kind:?} {ratios:?}");
        }
        // Objectness and classes do not differ.
        for index in (0..raw.len()).filter(|&index| entry(&section, index) >= 4) {
            assert_eq!(darknet.deltas[index], exact.deltas[index]);
        }
    }
}
