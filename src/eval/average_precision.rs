//! Average precision and recall over thresholds, sizes and numbers of boxes, as `pycocotools.cocoeval` sums them up
//! (`COCOeval.accumulate`, `summarize`).

use serde::Serialize;

use crate::eval::matching::{LabelledBox, Matching, ScoredBox, Verdict};

/// Thresholds of the overlap: 0.5 to 0.95.
const THRESHOLDS: usize = 10;
/// Recalls at which precision is read: 0 to 1.
const RECALLS: usize = 101;
/// Areas in square pixels: all, small, medium, large.
const AREAS: [(f64, f64); 4] = [(0.0, 1e10), (0.0, 1024.0), (1024.0, 9216.0), (9216.0, 1e10)];
/// Boxes a picture and class.
const MOST: [usize; 3] = [1, 10, 100];

/// COCO's twelve numbers, 0 to 1; -1 where there was nothing to find.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[allow(non_snake_case, reason = "they are called so")]
pub struct ApSummary {
    /// Mean of all thresholds.
    pub AP: f64,
    /// At an overlap of 0.5.
    pub AP50: f64,
    /// At an overlap of 0.75.
    pub AP75: f64,
    /// Of objects below 32 x 32 pixels.
    pub APs: f64,
    /// Of those below 96 x 96.
    pub APm: f64,
    /// Of those above.
    pub APl: f64,
    /// Recall with one box a picture and class.
    pub AR1: f64,
    /// With ten.
    pub AR10: f64,
    /// With a hundred.
    pub AR100: f64,
    /// Of small objects, with a hundred.
    pub ARs: f64,
    /// Of medium ones.
    pub ARm: f64,
    /// Of large ones.
    pub ARl: f64,
}

/// One class at one area and number of boxes.
#[derive(Clone, Debug)]
struct Curve {
    /// By threshold, then by recall.
    precision: Vec<[f64; RECALLS]>,
    /// By threshold.
    recall: [f64; THRESHOLDS],
}

/// What was found of every class.
#[derive(Clone, Debug)]
pub struct AveragePrecision {
    /// By class, area and number of boxes; none where there was nothing to find.
    curves: Vec<[[Option<Curve>; MOST.len()]; AREAS.len()]>,
}

/// The overlap from which on a box is right.
fn threshold(at: usize) -> f64 {
    // numpy.linspace(.5, .95, 10), to the bit.
    if at + 1 == THRESHOLDS { 0.95 } else { 0.5 + at as f64 * ((0.95 - 0.5) / 9.0) }
}

impl AveragePrecision {
    /// Compares detections with labels of as many pictures and classes; what is of others is not looked at.
    pub fn new(images: usize, classes: usize, truth: &[LabelledBox], found: &[ScoredBox]) -> Self {
        let mut cells: Vec<Vec<(Vec<&LabelledBox>, Vec<&ScoredBox>)>> = vec![vec![Default::default(); images]; classes];
        let there = |class: usize, image: usize| class < classes && image < images;
        truth.iter().filter(|t| there(t.class, t.image)).for_each(|t| cells[t.class][t.image].0.push(t));
        found.iter().filter(|f| there(f.class, f.image)).for_each(|f| cells[f.class][f.image].1.push(f));
        let curves = cells.into_iter().map(|cells| {
            let cells = cells.into_iter().filter(|(truth, found)| !truth.is_empty() || !found.is_empty());
            let matchings: Vec<Matching<'_>> =
                cells.map(|(truth, found)| Matching::new(truth, found, MOST[2])).collect();
            AREAS.map(|areas| MOST.map(|most| curve(&matchings, areas, most)))
        });
        Self { curves: curves.collect() }
    }

    /// The twelve numbers over all classes of which there was anything.
    pub fn summary(&self) -> ApSummary {
        self.over(&self.curves)
    }

    /// Those of one class.
    pub fn of_class(&self, class: usize) -> Option<ApSummary> {
        self.curves.get(class).map(|curves| self.over(std::slice::from_ref(curves)))
    }

    fn over(&self, curves: &[[[Option<Curve>; MOST.len()]; AREAS.len()]]) -> ApSummary {
        let at = |area: usize, most: usize| curves.iter().filter_map(move |c| c[area][most].as_ref());
        let precision = |area: usize, of: std::ops::Range<usize>| {
            mean(at(area, 2).flat_map(|c| c.precision[of.clone()].iter().flatten().copied()))
        };
        let recall = |area: usize, most: usize| mean(at(area, most).flat_map(|c| c.recall));
        ApSummary {
            AP: precision(0, 0..THRESHOLDS),
            AP50: precision(0, 0..1),
            AP75: precision(0, 5..6),
            APs: precision(1, 0..THRESHOLDS),
            APm: precision(2, 0..THRESHOLDS),
            APl: precision(3, 0..THRESHOLDS),
            AR1: recall(0, 0),
            AR10: recall(0, 1),
            AR100: recall(0, 2),
            ARs: recall(1, 2),
            ARm: recall(2, 2),
            ARl: recall(3, 2),
        }
    }
}

/// -1 of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), v| (sum + v, count + 1));
    if count == 0 { -1.0 } else { sum / count as f64 }
}

/// Precision and recall of one class; none if no object counts.
fn curve(matchings: &[Matching<'_>], areas: (f64, f64), most: usize) -> Option<Curve> {
    let objects = matchings.iter().flat_map(|matching| matching.ignored(areas)).filter(|ignored| !ignored).count();
    if objects == 0 {
        return None;
    }
    // The best of all pictures first; of those alike in the order of the pictures.
    let scores = matchings.iter().flat_map(|matching| matching.found.iter().take(most).map(|f| f.score));
    let mut order: Vec<(usize, f64)> = scores.enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut curve = Curve { precision: Vec::with_capacity(THRESHOLDS), recall: [0.0; THRESHOLDS] };
    for at in 0..THRESHOLDS {
        let verdicts: Vec<Verdict> =
            matchings.iter().flat_map(|matching| matching.judge(threshold(at), areas, most)).collect();
        let (mut right, mut wrong) = (0.0, 0.0);
        let (mut recalls, mut precisions) = (Vec::with_capacity(order.len()), Vec::with_capacity(order.len()));
        for (place, _) in &order {
            match verdicts[*place] {
                Verdict::Right => right += 1.0,
                Verdict::Wrong => wrong += 1.0,
                Verdict::Ignored => {}
            }
            recalls.push(right / objects as f64);
            precisions.push(right / (wrong + right + f64::EPSILON));
        }
        // The best that there is at this recall or a higher one.
        for i in (1..precisions.len()).rev() {
            precisions[i - 1] = precisions[i - 1].max(precisions[i]);
        }
        curve.recall[at] = recalls.last().copied().unwrap_or(0.0);
        let read = |i: usize| {
            let wanted = if i + 1 == RECALLS { 1.0 } else { i as f64 * 0.01 };
            precisions.get(recalls.partition_point(|recall| *recall < wanted)).copied().unwrap_or(0.0)
        };
        curve.precision.push(std::array::from_fn(read));
    }
    Some(curve)
}
