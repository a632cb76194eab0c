//! The oracle's picture and box ends against numbers worked out by hand, and what holds for every NMS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use proptest::prelude::*;
use yolov4::low_level::{
    graph::{Builder, Graph, Head, NodeId},
    host::{Candidate, NmsKind, Picture, Placement, ResizeMode, Thresholds},
    oracle::{self, nms::iou},
    tensor::{Shape, Tensor},
};

fn thresholds(kind: NmsKind, iou_threshold: f32, agnostic: bool) -> Thresholds {
    Thresholds { score_threshold: 0.0, iou_threshold, kind, agnostic, extent: (1.0, 1.0) }
}

fn nms(all: Vec<Candidate>, kind: NmsKind, threshold: f32, agnostic: bool) -> Vec<Candidate> {
    oracle::nms(all, &thresholds(kind, threshold, agnostic))
}

fn overlap(kind: NmsKind, a: &Candidate, b: &Candidate) -> f32 {
    oracle::nms::overlap(&thresholds(kind, 0.0, false), a, b)
}

/// A picture whose red channel is `red` and whose green is 255 less that.
fn picture(width: usize, red: &[u8]) -> Picture {
    let rgba = red.iter().flat_map(|r| [*r, 255 - r, 7, 9]).collect();
    Picture { width, height: red.len() / width, rgba }
}

fn resize(mode: ResizeMode, letterbox: bool, picture: &Picture, w: usize, h: usize) -> Tensor {
    let shape = Shape::new(3, h, w);
    oracle::letterbox(picture, &Placement::new(mode, letterbox, picture.width, picture.height, shape))
}

fn near(got: &[f32], want: &[f64]) {
    assert_eq!(got.len(), want.len());
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((f64::from(*g) - w / 255.0).abs() < 1e-6, "{i}: {}, expected {w}, of {got:?}", g * 255.0);
    }
}

#[test]
fn aligned_corners_2x2_to_3x3() {
    let got = resize(ResizeMode::DarknetFile, false, &picture(2, &[0, 100, 200, 60]), 3, 3);
    near(got.plane(0), &[0.0, 50.0, 100.0, 100.0, 90.0, 80.0, 200.0, 130.0, 60.0]);
    near(got.plane(1), &[255.0, 205.0, 155.0, 155.0, 165.0, 175.0, 55.0, 125.0, 195.0]);
    near(got.plane(2), &[7.0; 9]);
}

#[test]
fn half_pixel_centres_4_to_2_and_2_to_4() {
    let got = resize(ResizeMode::DarknetVideo, false, &picture(4, &[0, 10, 20, 30]), 2, 1);
    near(got.plane(0), &[5.0, 25.0]);
    let got = resize(ResizeMode::DarknetVideo, false, &picture(2, &[0, 100]), 4, 1);
    near(got.plane(0), &[0.0, 25.0, 75.0, 100.0]);
}

#[test]
fn the_same_size_is_a_copy_in_every_mode() {
    let p = picture(3, &[1, 50, 3, 200, 5, 255]);
    for mode in [ResizeMode::DarknetFile, ResizeMode::DarknetVideo, ResizeMode::Pytorch] {
        near(resize(mode, false, &p, 3, 2).plane(0), &[1.0, 50.0, 3.0, 200.0, 5.0, 255.0]);
    }
}

#[test]
fn an_odd_remainder_lies_below_and_each_fill_is_its_own() {
    // 4x1 onto 4x4: three empty rows, one above and two below.
    let p = picture(4, &[10, 20, 30, 40]);
    let darknet = resize(ResizeMode::DarknetFile, true, &p, 4, 4);
    let row = [10.0, 20.0, 30.0, 40.0];
    near(&darknet.plane(0)[4..8], &row);
    near(&darknet.plane(0)[..4], &[127.5; 4]);
    near(&darknet.plane(0)[8..], &[127.5; 8]);
    let pytorch = resize(ResizeMode::Pytorch, false, &p, 4, 4);
    near(&pytorch.plane(1)[4..8], &[245.0, 235.0, 225.0, 215.0]);
    near(&pytorch.plane(1)[8..], &[114.0; 8]);
}

#[test]
fn one_pixel_pictures_and_canvases() {
    for mode in [ResizeMode::DarknetFile, ResizeMode::DarknetVideo, ResizeMode::Pytorch] {
        near(resize(mode, false, &picture(1, &[80]), 3, 3).plane(0), &[80.0; 9]);
        assert!(resize(mode, true, &picture(3, &[80; 9]), 1, 1).data[0] > 0.0);
    }
    // A column: every canvas column is a copy of it.
    near(
        resize(ResizeMode::DarknetFile, false, &picture(1, &[0, 100]), 2, 3).plane(0),
        &[0., 0., 50., 50., 100., 100.],
    );
}

/// One head of two cells side by side and one anchor; two classes; on an input of 64 x 32 pixels.
fn graph(new_coords: bool, scale_x_y: f32) -> Graph {
    let mut b = Builder::new(Shape::new(7, 32, 64)).unwrap();
    let anchors = vec![(16.0, 8.0)];
    b.head("yolo", Head { input: NodeId(0), layer: 1, anchors, classes: 2, scale_x_y, new_coords }).unwrap();
    b.finish()
}

#[test]
fn old_decode() {
    // Cell 0 silent; cell 1: x at logistic(0) = 1/2, y at logistic(ln 3) = 3/4, sides e^0 and e^(ln 2).
    let ln3 = 3.0_f32.ln();
    #[rustfmt::skip]
    let values = [0.0, 0.0,   0.0, ln3,   0.0, 0.0,   0.0, 2.0_f32.ln(),   -9.0, ln3,   0.0, ln3,   0.0, 9.0_f32.ln()];
    let head = Tensor::new(Shape::new(7, 1, 2), values.to_vec()).unwrap();
    let boxes = oracle::decode(&graph(false, 1.2), &[head], 0.5, &[]);
    assert_eq!(boxes.len(), 2, "both classes of one box survive: {boxes:?}");
    let near = |a: f32, b: f32| assert!((a - b).abs() < 1e-6, "{a}, expected {b}");
    for (b, score) in boxes.iter().zip([0.75 * 0.75, 0.75 * 0.9]) {
        near(b.x, (1.0 + 1.2 * 0.5 - 0.1) / 2.0);
        near(b.y, 1.2 * 0.75 - 0.1);
        near(b.w, 16.0 / 64.0);
        near(b.h, 2.0 * 8.0 / 32.0);
        near(b.score, score);
        assert_eq!(b.index, 1);
    }
    assert_eq!([boxes[0].class, boxes[1].class], [0, 1]);
}

#[test]
fn new_coords_take_the_values_as_they_are() {
    #[rustfmt::skip]
    let values = [0.0, 0.25,   0.0, 0.5,   0.0, 0.5,   0.0, 1.0,   0.0, 0.5,   0.0, 1.0,   0.0, 0.25];
    let head = Tensor::new(Shape::new(7, 1, 2), values.to_vec()).unwrap();
    let boxes = oracle::decode(&graph(true, 2.0), &[head], 0.25, &[]);
    let want = Candidate { x: 0.5, y: 0.5, w: 0.25, h: 1.0, score: 0.5, class: 0, index: 1, track: 0 };
    assert_eq!(boxes, [want]);
}

#[test]
fn thresholds_are_strict_and_objectness_comes_first() {
    // Objectness .5 with classes 3 and .5: above .25 only by the class, which does not count where objectness fails.
    let head = |obj: f32| {
        let values = vec![0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, obj, 0.0, 3.0, 0.0, 0.5, 0.0];
        Tensor::new(Shape::new(7, 1, 2), values).unwrap()
    };
    let count = |obj, conf| oracle::decode(&graph(true, 1.0), &[head(obj)], conf, &[]).len();
    assert_eq!(count(0.5, 0.5), 0, "objectness .5 is not above .5");
    assert_eq!(count(0.5, 0.25), 1, "a score of .25 is not above .25");
    assert_eq!(count(0.5, 0.2), 2);
    assert_eq!(count(f32::NAN, 0.2), 0);
}

#[test]
fn classes_that_nobody_wants_are_no_candidates() {
    // Objectness .5 with classes 1 and 1.
    let values = vec![0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 1.0, 0.0, 1.0, 0.0];
    let heads = [Tensor::new(Shape::new(7, 1, 2), values).unwrap()];
    let classes = |wanted: &[bool]| {
        let boxes = oracle::decode(&graph(true, 1.0), &heads, 0.25, wanted);
        boxes.iter().map(|b| b.class).collect::<Vec<_>>()
    };
    assert_eq!(classes(&[true, true]), [0, 1]);
    assert_eq!(classes(&[false, true]), [1]);
    assert_eq!(classes(&[false]), [1], "beyond the end they are wanted");
    assert_eq!(classes(&[false, false]), [0; 0]);
}

#[test]
fn boxes_are_numbered_by_head_anchor_row_column() {
    let mut b = Builder::new(Shape::new(12, 2, 2)).unwrap();
    for layer in [1, 2] {
        let anchors = vec![(1.0, 1.0); 2];
        let head = Head { input: NodeId(0), layer, anchors, classes: 1, scale_x_y: 1.0, new_coords: true };
        b.head("yolo", head).unwrap();
    }
    let heads = vec![Tensor::new(Shape::new(12, 2, 2), vec![1.0; 48]).unwrap(); 2];
    let boxes = oracle::decode(&b.finish(), &heads, 0.5, &[]);
    assert!(boxes.iter().map(|b| b.index).eq(0..16));
    // Number 5: anchor 1, row 0, column 1.
    assert_eq!((boxes[5].x, boxes[5].y), (1.0, 0.5));
}

fn at(x: f32, y: f32, w: f32, h: f32) -> Candidate {
    Candidate { x, y, w, h, ..Candidate::default() }
}

#[test]
fn overlaps_worked_out_by_hand() {
    let diou = NmsKind::Diou { beta: 0.5 };
    // Unit boxes half a side apart: 1/2 shared of 3/2; hull 1.5 x 1, so d/c = (1/4) / (13/4) = 1/13.
    let (a, b) = (at(0.5, 0.5, 1.0, 1.0), at(1.0, 0.5, 1.0, 1.0));
    assert_eq!(iou(&a, &b), 0.5 / 1.5);
    assert!((overlap(diou, &a, &b) - (1.0 / 3.0 - (1.0_f32 / 13.0).sqrt())).abs() < 1e-6);
    // Touching and apart: nothing shared; DIoU goes below zero.
    assert_eq!(iou(&a, &at(1.5, 0.5, 1.0, 1.0)), 0.0);
    assert_eq!(iou(&a, &at(5.0, 5.0, 1.0, 1.0)), 0.0);
    assert!(overlap(diou, &a, &at(5.0, 5.0, 1.0, 1.0)) < -0.5);
    // One inside the other, same centre: areas' ratio both ways.
    let small = at(0.5, 0.5, 0.5, 0.5);
    assert_eq!(overlap(diou, &a, &small), 0.25);
    assert_eq!(iou(&small, &a), 0.25);
    // No extent at all: the hull is a point.
    let point = at(0.5, 0.5, 0.0, 0.0);
    assert_eq!(overlap(diou, &point, &point), 0.0);
}

#[test]
fn nms_keeps_the_best_of_a_class_and_breaks_ties_by_number() {
    let c = |x: f32, score: f32, class: u32, index: u32| Candidate { score, class, index, ..at(x, 0.5, 1.0, 1.0) };
    let all = vec![c(0.5, 0.8, 0, 3), c(0.6, 0.9, 0, 5), c(0.5, 0.7, 1, 3), c(0.55, 0.7, 1, 2), c(9.0, 0.8, 0, 1)];
    let numbers = |boxes: Vec<Candidate>| boxes.iter().map(|b| (b.index, b.class)).collect::<Vec<_>>();
    let kept = nms(all.clone(), NmsKind::Iou, 0.45, false);
    assert_eq!(numbers(kept), [(5, 0), (1, 0), (2, 1)]);
    let kept = nms(all.clone(), NmsKind::Iou, 0.45, true);
    assert_eq!(numbers(kept), [(5, 0), (1, 0)]);
    // Strict: an overlap of exactly the threshold stays.
    let pair = vec![c(0.5, 0.9, 0, 0), c(1.0, 0.8, 0, 1)];
    assert_eq!(nms(pair.clone(), NmsKind::Iou, 0.5 / 1.5, false).len(), 2);
    assert_eq!(nms(pair.clone(), NmsKind::Iou, 0.33, false).len(), 1);
    // The distance saves the second box.
    assert_eq!(nms(pair, NmsKind::Diou { beta: 0.6 }, 0.33, false).len(), 2);
    assert!(nms(vec![], NmsKind::Iou, 0.5, false).is_empty());
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    // Coarse scores, so that there are ties.
    let one = (0.0..1.0_f32, 0.0..1.0_f32, 0.0..0.6_f32, 0.0..0.6_f32, 1..8_u8, 0..3_u32);
    prop::collection::vec(one, 0..60).prop_map(|all| {
        let make = |(index, (x, y, w, h, score, class)): (usize, (f32, f32, f32, f32, u8, u32))| Candidate {
            score: f32::from(score) / 8.0,
            class,
            index: index as u32,
            ..at(x, y, w, h)
        };
        all.into_iter().enumerate().map(make).collect()
    })
}

proptest! {
    #[test]
    fn nms_keeps_what_it_must_and_nothing_else(all in candidates(), diou: bool, agnostic: bool, t in 0.1..0.9_f32) {
        let kind = if diou { NmsKind::Diou { beta: 0.6 } } else { NmsKind::Iou };
        let kept = nms(all.clone(), kind, t, agnostic);
        let order = |b: &Candidate| (std::cmp::Reverse(b.score.to_bits()), b.index, b.class);
        prop_assert!(kept.windows(2).all(|p| order(&p[0]) < order(&p[1])));
        let rivals = |a: &Candidate, b: &Candidate| agnostic || a.class == b.class;
        for (i, b) in kept.iter().enumerate() {
            prop_assert!(all.contains(b));
            prop_assert!(!kept[..i].iter().any(|a| rivals(a, b) && overlap(kind, a, b) > t), "a pair overlaps");
        }
        for b in all.iter().filter(|b| !kept.contains(b)) {
            let silenced = kept.iter().any(|a| order(a) < order(b) && rivals(a, b) && overlap(kind, a, b) > t);
            prop_assert!(silenced, "{b:?} is gone without a better one");
        }
        let mut turned = all;
        turned.reverse();
        prop_assert_eq!(&nms(turned, kind, t, agnostic), &kept, "the order of arrival does not matter");
        prop_assert_eq!(&nms(kept.clone(), kind, t, agnostic), &kept, "twice is once");
    }
}
