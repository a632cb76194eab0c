//! How good a network in training is: what `yolov4 eval` would say of it.

use std::path::Path;

use serde_json::{Value, json};
use yolov4::{Detector, Picture, dataset::Dataset, low_level::detect::draw};

use crate::{Failure, eval};

/// Figures of one measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// COCO's AP at an overlap of 0.5; -1 where there was nothing to find.
    pub ap50: f64,
    /// Mean of all overlaps.
    pub ap: f64,
    /// AP at 0.5 of every class, by name.
    pub classes: Vec<(String, f64)>,
    /// Recall and precision of boxes above .25, as Darknet counts.
    pub recall: f64,
    pub precision: f64,
    /// Some of the pictures with boxes above that, as JPEG.
    pub pictures: Vec<Vec<u8>>,
}

/// Boxes as `yolov4 eval` has them unless it is told otherwise.
const CONF: f32 = 0.001;
const NMS: f32 = 0.6;
const MAX_DET: usize = 300;
const THRESH: f32 = 0.25;
/// Pictures that are shown.
const SHOWN: usize = 6;

/// Measures the network in a file on labelled pictures.
pub fn measure(network: &Path, dataset: &Dataset, adapter: Option<&str>, exif: bool) -> Result<Measured, Failure> {
    let builder = Detector::builder().model(network).score_threshold(CONF).iou_threshold(NMS).max_det(MAX_DET);
    let mut detector = match adapter {
        Some(adapter) => builder.adapter(adapter),
        None => builder,
    }
    .build()?;
    let category_of: Vec<Option<usize>> = (0..dataset.categories.len()).map(Some).collect();
    let compared = eval::see(&mut detector, dataset, &category_of, exif, MAX_DET)?;
    let scores = eval::Scores::new(dataset, compared, THRESH);
    let summary = scores.precision.summary();
    let of_class = |(n, class): (usize, &eval::Class)| {
        (class.name.clone(), scores.precision.of_class(n).map_or(-1.0, |of_class| of_class.AP50))
    };
    let counts = scores.darknet.all_counts();
    Ok(Measured {
        ap50: summary.AP50,
        ap: summary.AP,
        classes: scores.classes.iter().enumerate().map(of_class).collect(),
        recall: counts.recall(),
        precision: counts.precision(),
        pictures: dataset
            .images
            .iter()
            .take(SHOWN)
            .filter_map(|image| shown(&mut detector, &image.path, exif))
            .collect(),
    })
}

/// A picture with its boxes; none where that fails: it was told when it was measured.
fn shown(detector: &mut Detector, path: &Path, exif: bool) -> Option<Vec<u8>> {
    let bytes = std::fs::read(path).ok()?;
    let (picture, _) = Picture::decode_telling(&bytes, path, exif).ok()?;
    let found = detector.detect(&picture).ok()?;
    let sure: Vec<_> = found.iter().filter(|found| found.score >= THRESH).cloned().collect();
    let mut jpeg = std::io::Cursor::new(Vec::new());
    let drawn = image::DynamicImage::from(draw::draw(&picture, &sure).ok()?).to_rgb8();
    drawn.write_to(&mut jpeg, image::ImageFormat::Jpeg).ok()?;
    Some(jpeg.into_inner())
}

impl Measured {
    /// As records and results have it.
    pub fn json(&self) -> Value {
        let classes: serde_json::Map<String, Value> =
            self.classes.iter().map(|(name, ap50)| (name.clone(), json!({ "AP50": ap50 }))).collect();
        json!({
            "AP50": self.ap50, "AP": self.ap, "recall": self.recall, "precision": self.precision, "classes": classes,
        })
    }
}
