//! Average precision beside COCO's own program: cases that a generator made - crowds, ties, boxes without area and beyond the picture,
//! pictures without objects - with what pycocotools 2.0.11 computes of them. `cargo xtask referee` compares thousands of them. Darknet's
//! counts, curves and confusion in cases that are worked out by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use serde_json::Value;
use yolov4::eval::{AveragePrecision, Confusion, CurvePoint, DarknetMap, LabelledBox, Points, ScoreCurve, ScoredBox};

const CASES: &str = include_str!("data/average_precision.json");

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn count(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

#[test]
fn the_twelve_numbers_and_each_class_are_those_of_pycocotools() {
    let cases: Vec<Value> = serde_json::from_str(CASES).unwrap();
    assert_eq!(cases.len(), 40);
    let mut worst = 0.0_f64;
    for (number, case) in cases.iter().enumerate() {
        let bbox = |row: &Value| <[f64; 4]>::try_from(numbers(&row["bbox"])).unwrap();
        let label = |row: &Value| LabelledBox {
            image: count(&row["image"]),
            class: count(&row["cls"]),
            bbox: bbox(row),
            area: row["area"].as_f64().unwrap(),
            crowd: row["crowd"].as_bool().unwrap(),
        };
        let score = |row: &Value| ScoredBox {
            image: count(&row["image"]),
            class: count(&row["cls"]),
            bbox: bbox(row),
            score: row["score"].as_f64().unwrap(),
        };
        let truth: Vec<LabelledBox> = case["truth"].as_array().unwrap().iter().map(label).collect();
        let found: Vec<ScoredBox> = case["found"].as_array().unwrap().iter().map(score).collect();
        let classes = count(&case["classes"]);
        let precision = AveragePrecision::new(count(&case["images"]), classes, &truth, &found);
        let s = precision.summary();
        let mut got = vec![s.AP, s.AP50, s.AP75, s.APs, s.APm, s.APl, s.AR1, s.AR10, s.AR100, s.ARs, s.ARm, s.ARl];
        got.extend((0..classes).map(|class| precision.of_class(class).unwrap().AP));
        let wanted = [numbers(&case["stats"]), numbers(&case["per"])].concat();
        let apart = got.iter().zip(&wanted).map(|(got, wanted)| (got - wanted).abs()).fold(0.0, f64::max);
        assert!(got.len() == wanted.len() && apart < 1e-9, "case {number}: {got:?}, expected {wanted:?}");
        worst = worst.max(apart);
    }
    println!("{} cases, {worst:.1e} apart at most", cases.len());
}

/// An object of ten by ten pixels, so far from the left.
fn object(image: usize, class: usize, left: f64) -> LabelledBox {
    LabelledBox { image, class, bbox: [left, 0.0, 10.0, 10.0], area: 100.0, crowd: false }
}

/// A box of ten by ten pixels: moved by 2 it overlaps an object by 80/120, by 4 60/140, which is too little.
fn found(image: usize, class: usize, left: f64, score: f64) -> ScoredBox {
    ScoredBox { image, class, bbox: [left, 0.0, 10.0, 10.0], score }
}

/// Class 0 in two pictures: three objects; right, wrong, right, twice the same. Class 1: one object, found too low. Class 2: nothing.
fn by_hand() -> (Vec<LabelledBox>, Vec<ScoredBox>) {
    let truth = vec![object(0, 0, 0.0), object(0, 0, 100.0), object(1, 0, 0.0), object(1, 1, 200.0)];
    let boxes = vec![
        found(0, 0, 2.0, 0.9),
        found(0, 0, 54.0, 0.8),
        found(1, 0, 0.0, 0.7),
        // The best box has taken the object, this one is one too many.
        found(0, 0, 0.0, 0.6),
        found(1, 1, 200.0, 0.2),
        // Darknet looks at nothing that is as low.
        found(1, 1, 200.0, 0.005),
    ];
    (truth, boxes)
}

#[test]
fn darknet_counts_as_its_source_says() {
    let (truth, boxes) = by_hand();
    let map = DarknetMap::new(2, 3, &truth, &boxes, 0.25);
    let counts = map.counts(0).unwrap();
    assert_eq!((counts.objects, counts.detections, counts.right, counts.wrong, counts.missed()), (3, 4, 2, 2, 1));
    assert!((counts.average_iou() - (80.0 / 120.0 + 1.0) / 4.0).abs() < 1e-12);
    // Found, but below the threshold.
    let counts = map.counts(1).unwrap();
    assert_eq!((counts.objects, counts.detections, counts.right, counts.wrong, counts.missed()), (1, 1, 0, 0, 1));
    assert_eq!((counts.precision(), counts.recall(), counts.f1()), (0.0, 0.0, 0.0));
    let all = map.all_counts();
    assert_eq!((all.precision(), all.recall()), (0.5, 0.5));
    assert_eq!(all.f1(), 0.5);
    // Precision 1, 1/2, 2/3, 1/2 at recall 1/3, 1/3, 2/3, 2/3: a third at 1 and a third at 2/3.
    let close = |class: usize, points: Points, wanted: f64| {
        let got = map.of_class(class, points).unwrap();
        assert!((got - wanted).abs() < 1e-12, "{points:?} of class {class}: {got}, expected {wanted}");
    };
    close(0, Points::Area, 1.0 / 3.0 + 2.0 / 9.0);
    // Of 0, .1, .. 1 four are at most 1/3, three more at most 2/3; of hundredths 34 and 33.
    close(0, Points::Eleven, (4.0 + 3.0 * 2.0 / 3.0) / 11.0);
    close(0, Points::HundredAndOne, (34.0 + 33.0 * 2.0 / 3.0) / 101.0);
    close(1, Points::Area, 1.0);
    close(2, Points::Eleven, 0.0);
    // A class of which there is nothing counts.
    assert!((map.mean(Points::Area) - (5.0 / 9.0 + 1.0) / 3.0).abs() < 1e-12);
    assert!(map.of_class(3, Points::Area).is_none() && map.counts(3).is_none());
    assert_eq!(DarknetMap::new(0, 0, &[], &[], 0.25).mean(Points::Area), 0.0);
}

#[test]
fn what_lies_in_a_crowd_is_neither_right_nor_wrong() {
    let crowd = LabelledBox { crowd: true, bbox: [0.0, 0.0, 100.0, 100.0], ..object(0, 0, 0.0) };
    let (truth, boxes) = ([crowd, object(0, 0, 200.0)], [found(0, 0, 20.0, 0.9), found(0, 0, 200.0, 0.8)]);
    let map = DarknetMap::new(1, 1, &truth, &boxes, 0.25);
    let counts = map.counts(0).unwrap();
    assert_eq!((counts.objects, counts.detections, counts.right, counts.wrong), (1, 1, 1, 0));
    assert_eq!(map.of_class(0, Points::Area), Some(1.0));
    assert_eq!(Confusion::new(1, 1, &truth, &boxes, 0.25).counts(), [[1, 0], [0, 0]]);
    // Of another class it is.
    let strange = [found(0, 1, 20.0, 0.9)];
    assert_eq!(Confusion::new(1, 2, &truth, &strange, 0.25).counts(), [[0, 0, 1], [0, 0, 0], [0, 1, 0]]);
}

#[test]
fn a_curve_says_what_a_minimum_score_costs() {
    let (truth, boxes) = by_hand();
    let curves = ScoreCurve::of_classes(2, 3, &truth, &boxes);
    assert_eq!(curves.iter().map(|curve| curve.objects).collect::<Vec<_>>(), [3, 1, 0]);
    let point = |score: f64, precision: f64, recall: f64| CurvePoint { score, precision, recall };
    let wanted = [
        point(0.9, 1.0, 1.0 / 3.0),
        point(0.8, 0.5, 1.0 / 3.0),
        point(0.7, 2.0 / 3.0, 2.0 / 3.0),
        point(0.6, 0.5, 2.0 / 3.0),
    ];
    assert_eq!(curves[0].points, wanted);
    assert_eq!(curves[0].at(0.75), point(0.75, 0.5, 1.0 / 3.0));
    assert_eq!(curves[0].at(0.7), wanted[2]);
    assert_eq!(curves[0].at(0.95), point(0.95, 0.0, 0.0));
    assert!((curves[0].at(0.65).f1() - 2.0 / 3.0).abs() < 1e-12);
    assert!(curves[2].points.is_empty());
    // Boxes of one score come together, in whatever order they were found.
    let alike = [found(0, 0, 54.0, 0.5), found(0, 0, 0.0, 0.5)];
    assert_eq!(ScoreCurve::of_classes(2, 1, &truth, &alike)[0].points, [point(0.5, 0.5, 1.0 / 3.0)]);
}

#[test]
fn a_box_of_another_class_is_a_confusion_and_none_is_counted_twice() {
    let truth = [object(0, 0, 0.0), object(0, 1, 100.0), object(0, 1, 200.0)];
    let boxes = [
        // Both on the first object, the second one of its class: alike, so that the class decides.
        found(0, 1, 0.0, 0.9),
        found(0, 0, 0.0, 0.8),
        found(0, 0, 101.0, 0.7),
        // Too low.
        found(0, 1, 200.0, 0.1),
    ];
    let confusion = Confusion::new(1, 2, &truth, &boxes, 0.25);
    // Class 0: right. Class 1: once taken for 0, once missed. One box is on nothing that is left.
    assert_eq!(confusion.counts(), [[1, 0, 0], [1, 0, 1], [0, 1, 0]]);
}

#[test]
fn a_size_is_what_lies_between_its_bounds_with_both_of_them() {
    for (area, small, medium, large) in [
        (1023.0, 1.0, -1.0, -1.0),
        (1024.0, 1.0, 1.0, -1.0),
        (1025.0, -1.0, 1.0, -1.0),
        (9216.0, -1.0, 1.0, 1.0),
        (9217.0, -1.0, -1.0, 1.0),
    ] {
        let truth = [LabelledBox { area, ..object(0, 0, 0.0) }];
        let summary = AveragePrecision::new(1, 1, &truth, &[found(0, 0, 0.0, 0.9)]).summary();
        let close = |got: f64, wanted: f64| (got - wanted).abs() < 1e-12;
        let all = [
            (summary.APs, small),
            (summary.APm, medium),
            (summary.APl, large),
            (summary.ARs, small),
            (summary.ARl, large),
        ];
        assert!(all.iter().all(|(got, wanted)| close(*got, *wanted)), "{area}: {summary:?}");
    }
}

#[test]
fn no_more_boxes_are_looked_at_than_each_recall_allows() {
    for (wrong, at_1, at_10, at_100) in [
        (0, 1.0, 1.0, 1.0),
        (1, 0.0, 1.0, 1.0),
        (9, 0.0, 1.0, 1.0),
        (10, 0.0, 0.0, 1.0),
        (99, 0.0, 0.0, 1.0),
        (100, 0.0, 0.0, 0.0),
    ] {
        let mut boxes: Vec<ScoredBox> = (0..wrong).map(|i| found(0, 0, 500.0, 0.9 - f64::from(i) / 1e3)).collect();
        boxes.push(found(0, 0, 0.0, 0.1));
        let summary = AveragePrecision::new(1, 1, &[object(0, 0, 0.0)], &boxes).summary();
        assert_eq!((summary.AR1, summary.AR10, summary.AR100), (at_1, at_10, at_100), "{wrong} before the right one");
    }
}
