//! Precision and recall of a class as the least score goes down.

use crate::eval::matching::{LabelledBox, Matching, ScoredBox, Verdict, by_image};

/// The overlap from which on a box is right.
const OVERLAP: f64 = 0.5;
/// Boxes a picture and class, as COCO has it.
const MOST: usize = 100;
/// All sizes.
const AREAS: (f64, f64) = (0.0, f64::INFINITY);

/// How things stand if boxes of this score and above count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// 0 to 1.
    pub score: f64,
    /// Of what was found, how much is right.
    pub precision: f64,
    /// Of what there is, how much was found.
    pub recall: f64,
}

impl CurvePoint {
    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        let sum = self.precision + self.recall;
        if sum > 0.0 { 2.0 * self.precision * self.recall / sum } else { 0.0 }
    }
}

/// Precision and recall of one class at an overlap of 0.5, matched as COCO does.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreCurve {
    /// A point a score, falling; scores that several boxes share are one point.
    pub points: Vec<CurvePoint>,
    /// Objects that there are, without crowds.
    pub objects: usize,
}

impl ScoreCurve {
    /// A curve for each of so many classes.
    pub fn of_classes(images: usize, classes: usize, truth: &[LabelledBox], found: &[ScoredBox]) -> Vec<Self> {
        let mut judged: Vec<(Vec<(f64, Verdict)>, usize)> = vec![Default::default(); classes];
        for (truth, found) in by_image(images, classes, truth, found) {
            let mut own: Vec<usize> = truth.iter().map(|t| t.class).chain(found.iter().map(|f| f.class)).collect();
            own.sort_unstable();
            own.dedup();
            for class in own {
                let truth: Vec<&LabelledBox> = truth.iter().filter(|t| t.class == class).copied().collect();
                let found = found.iter().filter(|f| f.class == class).copied().collect();
                judged[class].1 += truth.iter().filter(|t| !t.crowd).count();
                let matching = Matching::new(truth, found, MOST);
                let verdicts = matching.judge(OVERLAP, AREAS, MOST);
                judged[class].0.extend(matching.found.iter().map(|f| f.score).zip(verdicts));
            }
        }
        judged.into_iter().map(|(judged, objects)| Self::new(judged, objects)).collect()
    }

    fn new(mut judged: Vec<(f64, Verdict)>, objects: usize) -> Self {
        judged.retain(|(_, verdict)| *verdict != Verdict::Ignored);
        judged.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut points, mut right): (Vec<CurvePoint>, usize) = (vec![], 0);
        for (rank, (score, verdict)) in judged.into_iter().enumerate() {
            right += usize::from(verdict == Verdict::Right);
            let recall = if objects == 0 { 0.0 } else { right as f64 / objects as f64 };
            let point = CurvePoint { score, precision: right as f64 / (rank + 1) as f64, recall };
            match points.last_mut().filter(|last| last.score == score) {
                Some(last) => *last = point,
                None => points.push(point),
            }
        }
        Self { points, objects }
    }

    /// How things stand if boxes of this score and above count; nothing is found then above the best of them.
    pub fn at(&self, score: f64) -> CurvePoint {
        let count = self.points.partition_point(|point| point.score >= score);
        let nothing = CurvePoint { score, precision: 0.0, recall: 0.0 };
        count.checked_sub(1).map_or(nothing, |last| CurvePoint { score, ..self.points[last] })
    }
}
