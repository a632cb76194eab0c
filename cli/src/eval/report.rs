//! The figures, as data and as JSON.

use serde::Serialize;
use yolov4::{
    Error, Result,
    eval::{ApSummary, ClassCounts, Points},
};

use super::{score::Scores, settings::EvalSettings};

/// What Darknet's `detector map` prints.
#[derive(Clone, Debug, Serialize)]
#[allow(non_snake_case, reason = "they are called so")]
pub struct DarknetRow {
    /// Average precision by the area under the curve, by 11 points, by 101; of all classes together their mean.
    pub ap_area: f64,
    pub ap_11: f64,
    pub ap_101: f64,
    /// All that follows is of boxes above `thresh`.
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    pub TP: usize,
    pub FP: usize,
    pub FN: usize,
    pub average_iou: f64,
    /// Detections of whatever score, and objects.
    pub detections_count: usize,
    pub unique_truth_count: usize,
}

impl DarknetRow {
    fn new(counts: ClassCounts, ap: impl Fn(Points) -> f64) -> Self {
        Self {
            ap_area: ap(Points::Area),
            ap_11: ap(Points::Eleven),
            ap_101: ap(Points::HundredAndOne),
            precision: counts.precision(),
            recall: counts.recall(),
            f1: counts.f1(),
            TP: counts.right,
            FP: counts.wrong,
            FN: counts.missed(),
            average_iou: counts.average_iou(),
            detections_count: counts.detections,
            unique_truth_count: counts.objects,
        }
    }
}

/// The score at which F1, as the mean of all classes with objects, is best.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BestF1 {
    pub score: f64,
    pub f1: f64,
}

/// One class.
#[derive(Clone, Debug, Serialize)]
pub struct ClassRow {
    pub name: String,
    pub category_id: u64,
    pub objects: usize,
    #[serde(flatten)]
    pub ap: ApSummary,
    pub darknet: DarknetRow,
}

/// Everything that is told.
#[derive(Clone, Debug, Serialize)]
pub struct EvalReport {
    /// COCO's twelve; -1 where there was nothing to find.
    #[serde(flatten)]
    pub ap: ApSummary,
    pub images: usize,
    /// Pictures that could not be read, which nothing here counts.
    pub failed: usize,
    pub classes: usize,
    /// Without crowds.
    pub objects: usize,
    pub detections: usize,
    #[serde(flatten)]
    pub settings: EvalSettings,
    pub thresh: f32,
    pub best_f1: BestF1,
    pub darknet: DarknetRow,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub per_class: Vec<ClassRow>,
}

impl EvalReport {
    pub fn new(scores: &Scores, per_class: bool) -> Self {
        let darknet = &scores.darknet;
        let row = |class: usize| -> Option<ClassRow> {
            Some(ClassRow {
                name: scores.classes[class].name.clone(),
                category_id: scores.classes[class].id,
                objects: scores.curves[class].objects,
                ap: scores.precision.of_class(class)?,
                darknet: DarknetRow::new(darknet.counts(class)?, |points| {
                    darknet.of_class(class, points).unwrap_or(0.0)
                }),
            })
        };
        let count = scores.classes.len();
        Self {
            ap: scores.precision.summary(),
            images: scores.images.0,
            failed: scores.images.1,
            classes: count,
            objects: scores.objects,
            detections: scores.detections,
            settings: scores.settings.clone(),
            thresh: scores.thresh,
            best_f1: scores.best_f1(),
            darknet: DarknetRow::new(darknet.all_counts(), |points| darknet.mean(points)),
            per_class: if per_class { (0..count).filter_map(row).collect() } else { vec![] },
        }
    }

    /// As JSON.
    ///
    /// # Errors
    /// [`Error::Format`] if it cannot be written so; there is no such report.
    pub fn json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self).map_err(Error::format("the figures", "JSON"))?;
        Ok(text + "\n")
    }
}

/// Scores at which F1 is looked at.
pub const STEPS: usize = 1000;

impl Scores {
    /// F1 of the classes with objects at each of [`STEPS`] + 1 scores, 0 to 1, as their mean.
    pub fn mean_f1(&self) -> Vec<(f64, f64)> {
        let curves: Vec<_> = self.curves.iter().filter(|curve| curve.objects > 0).collect();
        let at = |step: usize| {
            let score = step as f64 / STEPS as f64;
            let sum: f64 = curves.iter().map(|curve| curve.at(score).f1()).sum();
            (score, sum / curves.len().max(1) as f64)
        };
        (0..=STEPS).map(at).collect()
    }

    /// Where that is best.
    pub fn best_f1(&self) -> BestF1 {
        // The lowest score of those alike.
        let best = self.mean_f1().into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map_or(BestF1 { score: 0.0, f1: 0.0 }, |(score, f1)| BestF1 { score, f1 })
    }
}
