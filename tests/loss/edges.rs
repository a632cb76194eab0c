//! Truths, values and sizes that are not as they should be; batches.

use crate::common::*;
use yolov4::low_level::train::darknet_loss::{
    BoxGradient, BoxLoss, HeadValues, Misfit, Truth, YoloSection, batch, picture,
};

#[test]
fn truths_that_darknet_skips() {
    let section = section();
    let raw = head(&section, 2);
    let none = darknet(&section, &raw, &[]);
    let m = middle(2);
    let wrong = [
        Truth { class: 4, ..m },
        Truth { class: usize::MAX, ..m },
        Truth { cx: -0.1, ..m },
        Truth { cy: 1.1, ..m },
        Truth { w: -0.2, ..m },
        Truth { h: f64::NAN, ..m },
        Truth { cx: f64::NAN, ..m },
        Truth { w: f64::INFINITY, ..m },
        Truth { cx: 1.0, ..m },
        Truth { cy: 1.0, ..m },
    ];
    for truth in wrong {
        let loss = darknet(&section, &raw, &[truth]);
        assert_eq!(loss.deltas, none.deltas, "{truth:?}");
        assert_eq!((loss.tally.assigned, loss.tally.skipped), (0, 1), "{truth:?}");
        assert_eq!(darknet(&section, &raw, &[truth, m]).tally.assigned, 1);
    }
    // x = 0 ends the list.
    let end = Truth { cx: 0.0, ..m };
    assert_eq!(darknet(&section, &raw, &[m, end, m]).tally.assigned, 1);
    // And so does `max`.
    let few = YoloSection { max_boxes: 2, ..section.clone() };
    let loss = darknet(&few, &raw, &[m; 5]);
    assert_eq!((loss.tally.assigned, loss.tally.skipped), (2, 3));
    // No area: the very first anchor, which only a head that has it takes.
    let flat = Truth { w: 0.0, ..m };
    assert_eq!(darknet(&section, &raw, &[flat]).tally.assigned, 0);
    let first = YoloSection { mask: vec![0, 1, 2], ..section };
    assert_eq!(darknet(&first, &raw, &[flat]).tally.assigned, 1);
}

/// A cell is found in f32, as Darknet multiplies.
#[test]
fn cells_in_f32() {
    assert_eq!((0.29f64 * 100.0) as usize, 28);
    let section = YoloSection { mask: vec![1], classes: 1, ..section() };
    let raw = vec![0.0; 6 * 100];
    let head = HeadValues { raw: &raw[..], grid: (100, 1), canvas: CANVAS };
    let loss = picture(&section, BoxGradient::Darknet, head, &[truth(0, 0.29, 0.5, 0.15, 0.28)]).unwrap();
    let cells: Vec<_> = (0..100).filter(|&cell| loss.deltas[5 * 100 + cell] != 0.0).collect();
    assert_eq!(cells, [29]);
}

#[test]
fn odd_values_are_no_panic() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 1e-320, 0.0, 800.0];
    let truths = [middle(2), truth(0, 0.33, 0.47, 0.18, 0.64), Truth { w: 0.0, h: 0.0, ..middle(1) }];
    for box_loss in KINDS.map(BoxLoss::Overlap).into_iter().chain([BoxLoss::Mse]) {
        for (new_coords, focal_loss) in [(false, false), (true, false), (false, true), (true, true)] {
            for gradient in [BoxGradient::Darknet, BoxGradient::Exact] {
                let section = YoloSection { box_loss, new_coords, focal_loss, iou_thresh: 0.2, ..section() };
                for (entry, value) in (0..9).flat_map(|entry| odd.map(|value| (entry, value))) {
                    let mut raw = head(&section, 6);
                    raw[at(&section, 1, entry, (1, 1))] = value;
                    let loss = picture(&section, gradient, of(&raw), &truths).unwrap();
                    assert!(loss.deltas.iter().all(|d| d.is_finite()), "{box_loss:?} {entry} {value}");
                    assert!(loss.tally.objective.total().is_finite() || value.abs() > 1e100, "{entry} {value}");
                    assert_eq!(loss.tally.not_finite, usize::from(!value.is_finite()));
                }
                for value in odd {
                    let raw = vec![value; section.channels() * 15];
                    assert!(picture(&section, gradient, of(&raw), &truths).is_ok());
                }
            }
        }
    }
}

#[test]
fn a_batch_is_its_pictures() {
    let section = YoloSection { iou_thresh: 0.2, ..section() };
    let (a, b) = (head(&section, 1), head(&section, 2));
    let truths = [vec![middle(2)], vec![middle(0), truth(1, 0.8, 0.8, 0.3, 0.5)]];
    let raw = [a.clone(), b.clone()].concat();
    let both = batch(&section, BoxGradient::Darknet, of(&raw), &truths).unwrap();
    let (first, second) = (darknet(&section, &a, &truths[0]), darknet(&section, &b, &truths[1]));
    assert_eq!(both.deltas, [first.deltas, second.deltas].concat());
    let mut sum = first.tally;
    sum += second.tally;
    assert_eq!(both.tally, sum);
    // The mean is over the boxes of the batch, not over pictures.
    let missing = |tally: &yolov4::low_level::train::darknet_loss::Tally| tally.assigned as f64 - tally.iou;
    let expected = 0.75 * (missing(&first.tally) + missing(&second.tally)) / sum.assigned as f64;
    assert!((both.tally.cost(&section).boxes - expected).abs() < 1e-12);
}

#[test]
fn what_does_not_fit_is_said() {
    let raw = head(&section(), 1);
    let of = |section: &YoloSection| picture(section, BoxGradient::Exact, of(&raw), &[]).unwrap_err();
    let classes = of(&YoloSection { classes: 5, ..section() });
    assert_eq!(classes, Misfit::HeadValues { expected: 450, found: 405 });
    assert_eq!(of(&YoloSection { mask: vec![6], ..section() }), Misfit::Mask { index: 6, anchors: 6 });
    assert_eq!(of(&YoloSection { anchors: vec![[1.0, 0.0]; 6], ..section() }), Misfit::Anchor { index: 0 });
    let short = YoloSection { multipliers: Some(vec![1.0]), ..section() };
    assert_eq!(of(&short), Misfit::Multipliers { classes: 4, found: 1 });
    let empty = HeadValues { raw: &raw[..0], grid: (0, 3), canvas: CANVAS };
    assert_eq!(picture(&section(), BoxGradient::Exact, empty, &[]).unwrap_err(), Misfit::Empty);
    assert!(of(&YoloSection { classes: usize::MAX, ..section() }).to_string().contains("405"));
}
