//! What is taken for what.

use crate::eval::matching::{LabelledBox, ScoredBox, by_image, overlap};

/// The overlap from which on a box and an object belong together, whatever their classes.
const OVERLAP: f64 = 0.5;

/// How often objects of one class were found as another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    /// By class of the object, then by class of the box; behind the last class stands what was missed, or is nothing.
    counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// Pairs boxes above this score with objects, those that overlap most first, each once. Boxes left over that lie in a crowd of
    /// their class do not count.
    pub fn new(images: usize, classes: usize, truth: &[LabelledBox], found: &[ScoredBox], threshold: f64) -> Self {
        let mut counts = vec![vec![0; classes + 1]; classes + 1];
        for (truth, mut found) in by_image(images, classes, truth, found) {
            found.retain(|f| f.score > threshold);
            let (crowds, objects): (Vec<&LabelledBox>, Vec<&LabelledBox>) = truth.into_iter().partition(|t| t.crowd);
            let pair = |(f, t): (usize, usize)| (overlap(&found[f].bbox, &objects[t].bbox, false), f, t);
            let all = (0..found.len()).flat_map(|f| (0..objects.len()).map(move |t| (f, t)));
            let mut pairs: Vec<(f64, usize, usize)> = all.map(pair).filter(|(iou, ..)| *iou >= OVERLAP).collect();
            // Of those alike, one of the right class first.
            let strange = |f: usize, t: usize| found[f].class != objects[t].class;
            pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(strange(a.1, a.2).cmp(&strange(b.1, b.2))));
            let (mut named, mut seen) = (vec![false; found.len()], vec![false; objects.len()]);
            for (_, f, t) in pairs {
                if !named[f] && !seen[t] {
                    (named[f], seen[t]) = (true, true);
                    counts[objects[t].class][found[f].class] += 1;
                }
            }
            let missed = objects.iter().zip(seen).filter(|(_, seen)| !seen);
            missed.for_each(|(object, _)| counts[object.class][classes] += 1);
            let lies_in =
                |f: &ScoredBox, c: &LabelledBox| c.class == f.class && overlap(&f.bbox, &c.bbox, true) >= OVERLAP;
            let left = found.iter().zip(named).filter(|(_, named)| !named).map(|(f, _)| f);
            let nothing = left.filter(|f| !crowds.iter().any(|c| lies_in(f, c)));
            nothing.for_each(|f| counts[classes][f.class] += 1);
        }
        Self { counts }
    }

    /// Rows by class of the object, columns by class of the box. The last column is what was missed, the last row what is nothing.
    pub fn counts(&self) -> &[Vec<usize>] {
        &self.counts
    }
}
