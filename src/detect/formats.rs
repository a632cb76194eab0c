//! Detections as text, for people and programs.

use serde::{Deserialize, Serialize};

use crate::{
    detect::{BoxPx, Detection},
    error::{Error, Result},
};

/// The detections of one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureResult {
    /// The picture as the caller named it.
    pub image: String,
    /// Its columns.
    pub width: usize,
    /// Its rows.
    pub height: usize,
    /// Best first.
    pub detections: Vec<Detection>,
}

/// One picture in JSON; `assets/detections.schema.json` describes an array of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JsonPicture {
    /// The picture as the caller named it.
    pub image: String,
    /// Its columns.
    pub width: usize,
    /// Its rows.
    pub height: usize,
    /// Best first.
    pub detections: Vec<JsonDetection>,
}

/// One object in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JsonDetection {
    /// Class index.
    pub class: usize,
    /// Class name, or the index as text.
    pub name: String,
    /// 0 to 1.
    pub score: f32,
    /// Left, top, width, height in pixels of the picture.
    #[serde(rename = "box")]
    pub bbox: [f32; 4],
    /// Number of its track, where objects are tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
}

/// One frame of a video in JSON, a line of `yolov4 view --json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JsonFrame {
    /// Its number among the frames shown, from 0.
    pub frame: u64,
    /// Its time in the video, in seconds.
    pub time: f64,
    /// Its columns.
    pub width: usize,
    /// Its rows.
    pub height: usize,
    /// Best first.
    pub detections: Vec<JsonDetection>,
}

impl JsonDetection {
    /// An object, and the number of its track.
    pub fn new(d: &Detection, id: Option<u64>) -> Self {
        let BoxPx { x, y, w, h } = d.bbox;
        Self { class: d.class, name: d.name.clone(), score: d.score, bbox: [x, y, w, h], id }
    }
}

/// One object a line, one line a frame.
///
/// # Errors
/// [`Error::Format`] if a number is not finite.
pub fn frame_line(frame: &JsonFrame) -> Result<String> {
    finite("time", frame.time)?;
    numbers(&frame.detections)?;
    serde_json::to_string(frame).map(|s| s + "\n").map_err(Error::format(RESULT, JSON))
}

/// One row of COCO's results format.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct CocoRow {
    image_id: u64,
    category_id: usize,
    bbox: [f32; 4],
    score: f32,
}

/// COCO's category ids skip ten numbers of 1 to 90: these, in order.
const COCO_GAPS: [usize; 10] = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83];

/// The category id of class `class` of the 80 classes of COCO.
pub fn coco_category(class: usize) -> usize {
    COCO_GAPS.iter().fold(class + 1, |id, gap| if id >= *gap { id + 1 } else { id })
}

impl From<&PictureResult> for JsonPicture {
    fn from(result: &PictureResult) -> Self {
        let detections = result.detections.iter().map(|d| JsonDetection::new(d, None)).collect();
        Self { image: result.image.clone(), width: result.width, height: result.height, detections }
    }
}

const RESULT: &str = "a result";
const JSON: &str = "JSON";

/// JSON has no word for what is not finite: `null` would stand there, which no reader of numbers expects.
fn finite(what: impl std::fmt::Display, number: impl Into<f64>) -> Result<()> {
    let number = number.into();
    let found = format_args!("{what}: expected a finite number, found {number}");
    if number.is_finite() { Ok(()) } else { Err(Error::format(RESULT, JSON)(found)) }
}

fn numbers(detections: &[JsonDetection]) -> Result<()> {
    detections.iter().try_for_each(|d| {
        let what = |name: &'static str| format!("{name} of a {}", d.name);
        finite(what("score"), d.score)?;
        d.bbox.iter().try_for_each(|side| finite(what("box"), *side))
    })
}

/// An array, one element a picture.
///
/// # Errors
/// [`Error::Format`] if a number is not finite.
pub fn json(results: &[PictureResult]) -> Result<String> {
    let all: Vec<JsonPicture> = results.iter().map(JsonPicture::from).collect();
    all.iter().try_for_each(|picture| numbers(&picture.detections))?;
    serde_json::to_string_pretty(&all).map(|s| s + "\n").map_err(Error::format(RESULT, JSON))
}

/// One object a line, one line a picture.
///
/// # Errors
/// [`Error::Format`] if a number is not finite.
pub fn jsonl(result: &PictureResult) -> Result<String> {
    let picture = JsonPicture::from(result);
    numbers(&picture.detections)?;
    serde_json::to_string(&picture).map(|s| s + "\n").map_err(Error::format(RESULT, JSON))
}

/// COCO's image id of a picture: the number that its file name ends in (`000000000139.jpg` is 139).
///
/// # Errors
/// [`Error::Usage`] if there is none.
pub fn image_id(image: &str) -> Result<u64> {
    let stem = std::path::Path::new(image).file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    let start = stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let expected = |_| Error::Usage(format!("{image}: expected a file name that ends in COCO's image id"));
    stem[start..].parse().map_err(expected)
}

/// COCO's results: image ids by [`image_id`], as Darknet's `valid` takes them; categories go through the 80 to 91 table where there are 80 `classes`.
///
/// # Errors
/// [`Error::Usage`] if a file name is not a number; [`Error::Format`] if a box or a score is not finite.
pub fn coco(results: &[PictureResult], classes: usize) -> Result<String> {
    let mut rows = Vec::new();
    for result in results {
        let image_id = image_id(&result.image)?;
        numbers(&JsonPicture::from(result).detections)?;
        rows.extend(result.detections.iter().map(|d| CocoRow {
            image_id,
            category_id: if classes == 80 { coco_category(d.class) } else { d.class + 1 },
            bbox: [d.bbox.x, d.bbox.y, d.bbox.w, d.bbox.h],
            score: d.score,
        }));
    }
    serde_json::to_string(&rows).map(|s| s + "\n").map_err(Error::format(RESULT, JSON))
}

/// YOLO's labels with scores: class, centre, width and height as fractions of the picture, score; one box a line.
pub fn yolo(result: &PictureResult) -> String {
    let (w, h) = (result.width as f32, result.height as f32);
    let row = |d: &Detection| {
        let BoxPx { x, y, w: bw, h: bh } = d.bbox;
        format!(
            "{} {:.6} {:.6} {:.6} {:.6} {:.6}\n",
            d.class,
            (x + bw / 2.0) / w,
            (y + bh / 2.0) / h,
            bw / w,
            bh / h,
            d.score
        )
    };
    result.detections.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(score: f32, x: f32) -> PictureResult {
        let bbox = BoxPx { x, y: 1.0, w: 2.0, h: 3.0 };
        let detections = vec![Detection { class: 0, name: "dog".into(), score, bbox }];
        PictureResult { image: "7.jpg".into(), width: 10, height: 10, detections }
    }

    fn frame(time: f64, result: &PictureResult) -> Result<String> {
        let JsonPicture { width, height, detections, .. } = result.into();
        frame_line(&JsonFrame { frame: 0, time, width, height, detections })
    }

    #[test]
    fn what_is_not_finite_is_an_error_of_the_run_and_no_null() {
        let good = found(0.5, 1.0);
        let all = |r: &PictureResult| {
            [json(std::slice::from_ref(r)), jsonl(r), coco(std::slice::from_ref(r), 80), frame(0.0, r)]
        };
        assert!(all(&good).iter().all(Result::is_ok), "{:?}", all(&good));
        let (nan, endless) = (found(f32::NAN, 1.0), found(0.5, f32::INFINITY));
        let errors = all(&nan).into_iter().chain(all(&endless)).chain([frame(f64::NAN, &good)]);
        let errors: Vec<Error> = errors.map(Result::unwrap_err).collect();
        // Not `Usage`, which is for options that cannot be and has an exit code of its own.
        assert!(errors.iter().all(|e| matches!(e, Error::Format { .. })), "{errors:?}");
        let told = "a result cannot be written as JSON: box of a dog: expected a finite number, found inf";
        assert_eq!(errors[4].to_string(), told);
    }
}
