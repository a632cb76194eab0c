//! Mean average precision and counts as Darknet's `detector map` works them out (`src/detector.c`, `validate_detector_map`).

use crate::eval::matching::{LabelledBox, ScoredBox, by_image, overlap};

/// The overlap above which a box is right.
const OVERLAP: f64 = 0.5;
/// Darknet looks at no boxes of a lower score, or of just this one.
const LEAST: f64 = 0.005;

/// At which recalls precision is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Points {
    /// Area under the curve: ImageNet, VOC of 2010 and later.
    Area,
    /// 0, 0.1, .. 1: VOC of 2007.
    Eleven,
    /// 0, 0.01, .. 1.
    HundredAndOne,
}

/// What became of the boxes of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassCounts {
    /// Objects that there are.
    pub objects: usize,
    /// Detections, of whatever score.
    pub detections: usize,
    /// Above the threshold: right, the first of their object.
    pub right: usize,
    /// Above the threshold: wrong, or not the first.
    pub wrong: usize,
    /// Sum of the overlaps of those that are right.
    overlap: f64,
}

impl ClassCounts {
    /// Of what was found, how much is right; 0 of nothing.
    pub fn precision(&self) -> f64 {
        ratio(self.right, self.right + self.wrong)
    }

    /// Of what there is, how much was found; 0 of nothing.
    pub fn recall(&self) -> f64 {
        ratio(self.right, self.objects)
    }

    /// Harmonic mean of the two.
    pub fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
    }

    /// Objects that were missed.
    pub fn missed(&self) -> usize {
        self.objects - self.right
    }

    /// Mean overlap of what was found, 0 where it is wrong.
    pub fn average_iou(&self) -> f64 {
        let found = self.right + self.wrong;
        // Rounding may carry a sum of ones further.
        if found == 0 { 0.0 } else { (self.overlap / found as f64).min(1.0) }
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// One class.
#[derive(Clone, Debug, Default)]
struct Class {
    counts: ClassCounts,
    /// Precision and recall after each of its boxes, best first.
    curve: Vec<(f64, f64)>,
}

/// What was found of every class, as Darknet counts.
#[derive(Clone, Debug)]
pub struct DarknetMap {
    classes: Vec<Class>,
}

impl DarknetMap {
    /// Compares detections with labels of as many pictures and classes; counts are of boxes above the score `threshold`. Each box belongs
    /// to the object of its class that it overlaps most. What lies in a crowd and on no object does not count: Darknet has no
    /// crowds, and its `difficult` objects keep a box out of the curve but not out of the counts.
    ///
    /// Darknet counts the boxes of a picture as they lie in memory, so that a weak box may spoil a strong one; here the best comes first.
    pub fn new(images: usize, classes: usize, truth: &[LabelledBox], found: &[ScoredBox], threshold: f64) -> Self {
        let mut all = vec![Class::default(); classes];
        // By class: score, and whether it is the first of an object.
        let mut ranked: Vec<Vec<(f64, Option<usize>)>> = vec![vec![]; classes];
        let mut objects = 0;
        for (truth, mut found) in by_image(images, classes, truth, found) {
            found.retain(|f| f.score > LEAST);
            found.sort_by(|a, b| b.score.total_cmp(&a.score));
            let mut taken = vec![false; truth.len()];
            truth.iter().filter(|t| !t.crowd).for_each(|t| all[t.class].counts.objects += 1);
            for f in found {
                let own = |crowd: bool| {
                    let own = truth.iter().enumerate().filter(move |(_, t)| t.class == f.class && t.crowd == crowd);
                    own.map(move |(at, t)| (at, overlap(&f.bbox, &t.bbox, crowd))).filter(|(_, iou)| *iou > OVERLAP)
                };
                // The first of those alike.
                let best = own(false).reduce(|best, next| if next.1 > best.1 { next } else { best });
                if best.is_none() && own(true).next().is_some() {
                    continue;
                }
                ranked[f.class].push((f.score, best.map(|(at, _)| objects + at)));
                let counts = &mut all[f.class].counts;
                counts.detections += 1;
                if f.score > threshold {
                    match best {
                        Some((at, iou)) if !std::mem::replace(&mut taken[at], true) => {
                            counts.right += 1;
                            counts.overlap += iou;
                        }
                        _ => counts.wrong += 1,
                    }
                }
            }
            objects += truth.len();
        }
        let mut taken = vec![false; objects];
        for (class, mut ranked) in all.iter_mut().zip(ranked) {
            ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
            let mut right = 0;
            for (rank, (_, object)) in ranked.into_iter().enumerate() {
                right += usize::from(object.is_some_and(|at| !std::mem::replace(&mut taken[at], true)));
                class.curve.push((ratio(right, rank + 1), ratio(right, class.counts.objects)));
            }
        }
        Self { classes: all }
    }

    /// Average precision of a class, 0 to 1; 0 where there was nothing to find.
    pub fn of_class(&self, class: usize, points: Points) -> Option<f64> {
        let curve = &self.classes.get(class)?.curve;
        Some(match points {
            Points::Area => area(curve),
            Points::Eleven => read(curve, 11),
            Points::HundredAndOne => read(curve, 101),
        })
    }

    /// What became of the boxes of a class.
    pub fn counts(&self, class: usize) -> Option<ClassCounts> {
        self.classes.get(class).map(|class| class.counts)
    }

    /// Of all classes together.
    pub fn all_counts(&self) -> ClassCounts {
        self.classes.iter().fold(ClassCounts::default(), |sum, Class { counts, .. }| ClassCounts {
            objects: sum.objects + counts.objects,
            detections: sum.detections + counts.detections,
            right: sum.right + counts.right,
            wrong: sum.wrong + counts.wrong,
            overlap: sum.overlap + counts.overlap,
        })
    }

    /// Mean over all classes, also those of which there is nothing.
    pub fn mean(&self, points: Points) -> f64 {
        let each = (0..self.classes.len()).filter_map(|class| self.of_class(class, points));
        each.sum::<f64>() / self.classes.len().max(1) as f64
    }
}

/// Each step of recall by the best precision from its beginning on.
fn area(curve: &[(f64, f64)]) -> f64 {
    let Some((mut best, mut recall)) = curve.last().copied() else { return 0.0 };
    let mut sum = 0.0;
    for (precision, before) in curve.iter().rev().skip(1) {
        best = best.max(*precision);
        sum += (recall - before) * best;
        recall = *before;
    }
    (sum + recall * best).min(1.0)
}

/// Mean of the best precision at each of `points` recalls or beyond.
fn read(curve: &[(f64, f64)], points: usize) -> f64 {
    let mut best: Vec<f64> = curve.iter().map(|(precision, _)| *precision).collect();
    for at in (1..best.len()).rev() {
        best[at - 1] = best[at - 1].max(best[at]);
    }
    let at = |point: usize| {
        let wanted = point as f64 / (points - 1) as f64;
        best.get(curve.partition_point(|(_, recall)| *recall < wanted)).copied().unwrap_or(0.0)
    };
    ((0..points).map(at).sum::<f64>() / points as f64).min(1.0)
}
