//! Average precision beside COCO's own program: cases that a generator made - crowds, ties, boxes without area and beyond the picture,
//! pictures without objects - with what pycocotools 2.0.11 computes of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use serde_json::Value;
use yolov4::eval::{AveragePrecision, LabelledBox, ScoredBox};

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
