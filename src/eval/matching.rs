//! Which detection belongs to which labelled object, as `pycocotools.cocoeval` decides it (`COCOeval.evaluateImg`, `bbIou`).

/// An object that somebody has labelled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelledBox {
    /// Index of the picture; ties of scores are broken in this order.
    pub image: usize,
    /// Class index.
    pub class: usize,
    /// Left, top, width, height in pixels.
    pub bbox: [f64; 4],
    /// Pixels that it covers, of its outline where it has one: says whether it is small, medium or large.
    pub area: f64,
    /// Many objects in one box: whoever finds them gains nothing, and loses nothing.
    pub crowd: bool,
}

/// A detection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredBox {
    /// Index of the picture.
    pub image: usize,
    /// Class index.
    pub class: usize,
    /// Left, top, width, height in pixels.
    pub bbox: [f64; 4],
    /// 0 to 1.
    pub score: f64,
}

/// Objects and detections picture by picture; what is of other pictures or classes is not looked at.
pub(super) fn by_image<'a>(
    images: usize,
    classes: usize,
    truth: &'a [LabelledBox],
    found: &'a [ScoredBox],
) -> Vec<(Vec<&'a LabelledBox>, Vec<&'a ScoredBox>)> {
    let mut each: Vec<(Vec<&LabelledBox>, Vec<&ScoredBox>)> = vec![Default::default(); images];
    truth.iter().filter(|t| t.class < classes && t.image < images).for_each(|t| each[t.image].0.push(t));
    found.iter().filter(|f| f.class < classes && f.image < images).for_each(|f| each[f.image].1.push(f));
    each
}

/// Intersection over union; over the detection alone for a crowd, which it may lie in.
pub(super) fn overlap(found: &[f64; 4], truth: &[f64; 4], crowd: bool) -> f64 {
    let side = |at: usize| (found[at] + found[at + 2]).min(truth[at] + truth[at + 2]) - found[at].max(truth[at]);
    let (w, h) = (side(0), side(1));
    if w <= 0.0 || h <= 0.0 {
        return 0.0;
    }
    let (own, other, both) = (found[2] * found[3], truth[2] * truth[3], w * h);
    both / if crowd { own } else { own + other - both }
}

/// Objects of one class in one picture, and what was found, best first.
pub(super) struct Matching<'a> {
    pub truth: Vec<&'a LabelledBox>,
    pub found: Vec<&'a ScoredBox>,
    /// By detection, then by object.
    overlaps: Vec<Vec<f64>>,
}

/// What became of a detection at one threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    /// Of an object that does not count, or of none and of another size.
    Ignored,
}

impl<'a> Matching<'a> {
    /// `found` in any order; no more than `most` are looked at.
    pub fn new(truth: Vec<&'a LabelledBox>, mut found: Vec<&'a ScoredBox>, most: usize) -> Self {
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(most);
        let row = |f: &&ScoredBox| truth.iter().map(|t| overlap(&f.bbox, &t.bbox, t.crowd)).collect();
        let overlaps = found.iter().map(row).collect();
        Self { truth, found, overlaps }
    }

    /// Which objects do not count where those of other areas do not.
    pub fn ignored(&self, areas: (f64, f64)) -> Vec<bool> {
        self.truth.iter().map(|t| t.crowd || t.area < areas.0 || t.area > areas.1).collect()
    }

    /// A verdict for each of the first `most` detections: the best takes its object first, the one that it overlaps most.
    pub fn judge(&self, threshold: f64, areas: (f64, f64), most: usize) -> Vec<Verdict> {
        let ignored = self.ignored(areas);
        // Those that count come first: an object that does not is taken only where none is left that does.
        let mut order: Vec<usize> = (0..self.truth.len()).collect();
        order.sort_by_key(|t| ignored[*t]);
        let mut taken = vec![false; self.truth.len()];
        let mut verdicts = Vec::with_capacity(most.min(self.found.len()));
        for (found, overlaps) in self.found.iter().zip(&self.overlaps).take(most) {
            let (mut best, mut least) = (None, threshold.min(1.0 - 1e-10));
            for &t in &order {
                if taken[t] && !self.truth[t].crowd {
                    continue;
                }
                if best.is_some_and(|best: usize| !ignored[best]) && ignored[t] {
                    break;
                }
                if overlaps[t] >= least {
                    (best, least) = (Some(t), overlaps[t]);
                }
            }
            let area = found.bbox[2] * found.bbox[3];
            verdicts.push(match best {
                Some(t) => {
                    taken[t] = true;
                    if ignored[t] { Verdict::Ignored } else { Verdict::Right }
                }
                None if area < areas.0 || area > areas.1 => Verdict::Ignored,
                None => Verdict::Wrong,
            });
        }
        verdicts
    }
}
