//! The loss of the paper's recipe: which predictions a truth is given to, what counts how much, and its slopes. An independent program proves the
//! gradients (`xtask/referee`).

use crate::common::*;
use yolov4::low_level::train::{
    darknet_loss::{HeadValues, Misfit, Truth, YoloSection},
    scaled_loss::{ScaledGains, ScaledHeadLoss, balance, scaled},
};

/// Cells of 32 pixels, centres that may leave theirs by half of one.
fn reaching() -> YoloSection {
    YoloSection { new_coords: true, scale_x_y: 2.0, ..section() }
}

fn one(section: &YoloSection, raw: &[f64], truths: &[Truth]) -> ScaledHeadLoss {
    scaled(&ScaledGains::default(), &[(section, of(raw))], &[truths]).unwrap().remove(0)
}

/// Where the gradient pulls classes: mask, column, row.
fn given(section: &YoloSection, truths: &[Truth]) -> Vec<(usize, usize, usize)> {
    let loss = one(section, &head(section, 1), truths);
    let spots = (0..3).flat_map(|mask| (0..GRID.0).flat_map(move |x| (0..GRID.1).map(move |y| (mask, x, y))));
    spots.filter(|&(mask, x, y)| loss.gradient[at(section, mask, 5, (x, y))] != 0.0).collect()
}

fn pixels(class: usize, cx: f64, cy: f64, w: f64, h: f64) -> Truth {
    truth(class, cx / 160.0, cy / 96.0, w / 160.0, h / 96.0)
}

#[test]
fn truths_are_given_by_ratio_and_to_the_cells_they_lie_next_to() {
    // In cell 1, 1, .3 from its left side and .4 from its lower one; no anchor's side is four times as long or short.
    let near = pixels(0, 32.0 * 1.3, 32.0 * 1.6, 40.0, 40.0);
    let all: Vec<_> = (0..3).flat_map(|mask| [(mask, 0, 1), (mask, 1, 1), (mask, 1, 2)]).collect();
    assert_eq!(given(&reaching(), &[near]), all);
    // Where a centre cannot leave its cell, only its own is asked.
    let still = YoloSection { scale_x_y: 1.0, ..reaching() };
    assert_eq!(given(&still, &[near]), [(0, 1, 1), (1, 1, 1), (2, 1, 1)]);
    // By a twentieth: reaches .025 beyond.
    let little = YoloSection { scale_x_y: 1.05, ..reaching() };
    assert_eq!(given(&little, &[near]), [(0, 1, 1), (1, 1, 1), (2, 1, 1)]);
    let close = pixels(0, 32.0 * 1.02, 32.0 * 1.6, 40.0, 40.0);
    assert_eq!(given(&little, &[close]).len(), 6);
    // Nothing beyond the grid: the upper left corner, and the lower right one.
    assert_eq!(given(&reaching(), &[pixels(0, 3.0, 5.0, 40.0, 40.0)]), [(0, 0, 0), (1, 0, 0), (2, 0, 0)]);
    assert_eq!(given(&reaching(), &[pixels(0, 157.0, 93.0, 40.0, 40.0)]), [(0, 4, 2), (1, 4, 2), (2, 4, 2)]);
    // 93 by 30: more than four times as wide as 23 is 92. 81 by 82: 30 is less than four times shorter.
    let wide = given(&reaching(), &[pixels(0, 80.0, 48.0, 93.0, 30.0)]);
    assert!(wide.iter().all(|(mask, ..)| [1, 2].contains(mask)) && !wide.is_empty(), "{wide:?}");
    // Of no class there is.
    assert!(given(&reaching(), &[pixels(4, 80.0, 48.0, 40.0, 40.0)]).is_empty());
}

#[test]
fn heads_are_balanced_by_their_rank() {
    assert_eq!(balance(3), [4.0, 1.0, 0.4]);
    assert_eq!(balance(4), [1.4 * 4.0, 1.4, 1.4 * 0.4, 1.4 * 0.1]);
    assert_eq!(balance(5), [1.4 * 4.0, 1.4, 1.4 * 0.5, 1.4 * 0.4, 1.4 * 0.1]);
    // Two heads, the coarser one first, as YOLOv4-tiny has them: what is asked of empty ones is 3/2 of 1 and of 4.
    let section = reaching();
    let each = section.channels();
    let (coarse, fine) = (vec![0.5; each * 2], vec![0.5; each * 8]);
    let head = |raw, grid| HeadValues { raw, grid, canvas: (64, 32) };
    let heads = [(&section, head(&coarse, (2, 1))), (&section, head(&fine, (4, 2)))];
    let nothing: &[Truth] = &[];
    let losses = scaled(&ScaledGains::default(), &heads, &[nothing]).unwrap();
    let empty = -(0.5_f64.ln());
    assert!((losses[0].parts.objectness - 1.5 * empty).abs() < 1e-12, "{:?}", losses[0].parts);
    assert!((losses[1].parts.objectness - 6.0 * empty).abs() < 1e-12, "{:?}", losses[1].parts);
}

#[test]
fn parts_are_means_times_the_pictures() {
    let section = reaching();
    // All boxes are their cells' middles with their anchors' sides, all else is even.
    let raw = vec![0.5; section.channels() * 15];
    let exact = pixels(1, 48.0, 48.0, 37.0, 58.0);
    let loss = one(&section, &raw, &[exact]);
    // One cell of each anchor: in the middle of a cell it is next to no other.
    assert_eq!((loss.tally.assigned, loss.tally.recall_75), (3, 1));
    // A head alone counts three times: of 45 predictions objectness, of 3 given ones 4 classes.
    assert!((loss.parts.classes - 3.0 * 0.5 * 4.0 / 80.0 * 0.5_f64.ln().abs()).abs() < 1e-12, "{:?}", loss.parts);
    assert!((loss.parts.objectness - 3.0 * 4.0 * 0.5_f64.ln().abs()).abs() < 1e-12, "{:?}", loss.parts);
    // The anchor that fits is asked for nothing but to be sure: (p - 1) / p (1 - p) = -2 for each of 45.
    let by = loss.gradient[at(&section, 1, 4, (1, 1))];
    assert!((by - 3.0 * 4.0 * -2.0 / 45.0).abs() < 1e-9, "{by}");
    // Two of the same pictures are twice as much.
    let twice: Vec<f64> = raw.iter().chain(&raw).copied().collect();
    let two = scaled(&ScaledGains::default(), &[(&section, of(&twice))], &[[exact], [exact]]).unwrap().remove(0);
    assert!((two.parts.total() - 2.0 * loss.parts.total()).abs() < 1e-12);
    assert!(
        two.gradient.chunks(raw.len()).all(|half| half.iter().zip(&loss.gradient).all(|(a, b)| (a - b).abs() < 1e-12))
    );
}

#[test]
fn objectness_and_classes_are_slopes_of_their_parts() {
    for new_coords in [false, true] {
        let section = YoloSection { new_coords, ..reaching() };
        let truths =
            [pixels(0, 70.0, 40.0, 40.0, 50.0), pixels(2, 72.0, 41.0, 60.0, 70.0), pixels(1, 130.0, 80.0, 30.0, 30.0)];
        let raw = head(&section, 3);
        let loss = one(&section, &raw, &truths);
        for index in (0..raw.len()).filter(|&index| entry(&section, index) > 3) {
            let shifted = |by: f64| {
                let mut raw = raw.clone();
                raw[index] += by;
                one(&section, &raw, &truths).parts.total()
            };
            let quotient = (shifted(1e-6) - shifted(-1e-6)) / 2e-6;
            assert!((loss.gradient[index] - quotient).abs() < 1e-7, "{index}: {} and {quotient}", loss.gradient[index]);
        }
    }
}

#[test]
fn odd_values_are_counted_and_poison_nothing_else() {
    let section = reaching();
    let mut raw = head(&section, 5);
    raw[at(&section, 0, 2, (1, 1))] = f64::NAN;
    let loss = one(&section, &raw, &[pixels(0, 48.0, 48.0, 40.0, 40.0)]);
    assert_eq!(loss.tally.not_finite, 1);
    let short: &[Truth] = &[];
    let wrong = scaled(&ScaledGains::default(), &[(&section, of(&raw[1..]))], &[short]).unwrap_err();
    assert!(matches!(wrong, Misfit::HeadValues { .. }), "{wrong}");
}
