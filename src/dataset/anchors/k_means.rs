//! Anchors made of the objects of a set, as Darknet's `calc_anchors` makes them.

use std::{cmp::Ordering, collections::BTreeSet};

use crate::{
    dataset::{ObjectShape, each::each},
    error::{Error, Result},
    model::random::Random,
};

/// Darknet ends after as many.
const ROUNDS: usize = 1000;
/// Beginnings that are tried: of a single one centres may come to lie badly.
const DRAWS: usize = 10;

/// Anchors, and how well they fit what they were made of.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeAnchors {
    /// Widths and heights in pixels of the canvas, by area.
    pub anchors: Vec<(f64, f64)>,
    /// Overlap of an object with its best anchor, on average, 0 to 1.
    pub mean_iou: f64,
    /// After how many rounds nothing moved.
    pub rounds: usize,
}

/// `count` anchors by k-means: distance is 1 - IoU of the shapes, a centre is the mean width and height; it begins with shapes drawn by `seed`,
/// no two the same, and ends when nothing moves, or after 1000 rounds. Darknet draws once; this is the best of ten draws. Objects of less
/// than a pixel are left out.
///
/// # Errors
/// [`Error::Usage`] if there are fewer different shapes than anchors.
pub fn make_anchors(shapes: &[ObjectShape], count: usize, seed: u64) -> Result<MadeAnchors> {
    let shapes: Vec<ObjectShape> = shapes.iter().filter(|shape| shape.is_seen()).copied().collect();
    let mut random = Random::new(seed);
    let drawn: Vec<Vec<(f64, f64)>> = (0..DRAWS).map(|_| draw(&shapes, count, &mut random)).collect();
    let found = drawn.iter().map(Vec::len).min().unwrap_or(0);
    if found < count || count == 0 {
        return Err(Error::Usage(format!(
            "{count} anchors: expected objects of as many shapes or more, found {found}"
        )));
    }
    let made = each(&drawn, |centres| settle(&shapes, centres.clone()));
    // Of equal ones the first.
    let best = made.into_iter().rev().max_by(|a, b| a.mean_iou.total_cmp(&b.mean_iou));
    best.ok_or_else(|| Error::Usage("no anchors".into()))
}

/// Moves centres until they lie still.
fn settle(shapes: &[ObjectShape], mut centres: Vec<(f64, f64)>) -> MadeAnchors {
    let mut nearest: Vec<usize> = vec![usize::MAX; shapes.len()];
    let mut rounds = 0;
    while rounds < ROUNDS {
        let now: Vec<usize> = shapes.iter().map(|shape| best(shape, &centres).0).collect();
        if now == nearest {
            break;
        }
        nearest = now;
        rounds += 1;
        move_centres(shapes, &nearest, &mut centres);
    }
    centres.sort_by(|a, b| (a.0 * a.1).total_cmp(&(b.0 * b.1)).then(a.0.total_cmp(&b.0)));
    let sum: f64 = shapes.iter().map(|shape| best(shape, &centres).1).sum();
    MadeAnchors { anchors: centres, mean_iou: sum / shapes.len() as f64, rounds }
}

/// Different shapes, by chance.
fn draw(shapes: &[ObjectShape], count: usize, random: &mut Random) -> Vec<(f64, f64)> {
    let mut order: Vec<usize> = (0..shapes.len()).collect();
    let (mut seen, mut drawn) = (BTreeSet::new(), Vec::with_capacity(count));
    for at in 0..order.len() {
        if drawn.len() == count {
            break;
        }
        // A shuffle that ends when there are enough.
        let left = (order.len() - at) as u64;
        order.swap(at, at + (random.bits() % left) as usize);
        let size = shapes[order[at]].size;
        if seen.insert((size.0.to_bits(), size.1.to_bits())) {
            drawn.push(size);
        }
    }
    drawn
}

/// The nearest centre, and the overlap with it.
fn best(shape: &ObjectShape, centres: &[(f64, f64)]) -> (usize, f64) {
    let mut best = (0, -1.0);
    for (at, centre) in centres.iter().enumerate() {
        let iou = shape.iou(*centre);
        if iou > best.1 {
            best = (at, iou);
        }
    }
    best
}

/// Centres go to the means of their shapes. One that has none goes to the shape that fits worst: Darknet leaves it at 0.
fn move_centres(shapes: &[ObjectShape], nearest: &[usize], centres: &mut [(f64, f64)]) {
    let mut sums = vec![(0.0, 0.0, 0_usize); centres.len()];
    for (shape, at) in shapes.iter().zip(nearest) {
        let sum = &mut sums[*at];
        *sum = (sum.0 + shape.size.0, sum.1 + shape.size.1, sum.2 + 1);
    }
    for (centre, (w, h, n)) in centres.iter_mut().zip(&sums).filter(|(_, (_, _, n))| *n > 0) {
        *centre = (w / *n as f64, h / *n as f64);
    }
    for empty in (0..centres.len()).filter(|at| sums[*at].2 == 0) {
        let worst = shapes.iter().map(|shape| (best(shape, centres).1, shape.size));
        let least = |a: &(f64, _), b: &(f64, _)| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal);
        if let Some((_, size)) = worst.min_by(least) {
            centres[empty] = size;
        }
    }
}
