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
/// If a number is not finite.
pub fn frame_line(frame: &JsonFrame) -> Result<String> {
    serde_json::to_string(frame).map(|s| s + "\n").map_err(|e| json_error(&e))
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

fn json_error(e: &serde_json::Error) -> Error {
    Error::Usage(format!("a result cannot be written as JSON: {e}"))
}

/// An array, one element a picture.
///
/// # Errors
/// If a number is not finite.
pub fn json(results: &[PictureResult]) -> Result<String> {
    let all: Vec<JsonPicture> = results.iter().map(JsonPicture::from).collect();
    serde_json::to_string_pretty(&all).map(|s| s + "\n").map_err(|e| json_error(&e))
}

/// One object a line, one line a picture.
///
/// # Errors
/// If a number is not finite.
pub fn jsonl(result: &PictureResult) -> Result<String> {
    serde_json::to_string(&JsonPicture::from(result)).map(|s| s + "\n").map_err(|e| json_error(&e))
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
/// If a file name is not a number.
pub fn coco(results: &[PictureResult], classes: usize) -> Result<String> {
    let mut rows = Vec::new();
    for result in results {
        let image_id = image_id(&result.image)?;
        rows.extend(result.detections.iter().map(|d| CocoRow {
            image_id,
            category_id: if classes == 80 { coco_category(d.class) } else { d.class + 1 },
            bbox: [d.bbox.x, d.bbox.y, d.bbox.w, d.bbox.h],
            score: d.score,
        }));
    }
    serde_json::to_string(&rows).map(|s| s + "\n").map_err(|e| json_error(&e))
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

/// Comma-separated values with a header line.
///
/// # Errors
/// None in practice: writing to memory does not fail.
pub fn csv(results: &[PictureResult]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fail = |e: csv::Error| Error::Usage(format!("a result cannot be written as CSV: {e}"));
    writer.write_record(["image", "class", "name", "score", "left", "top", "width", "height"]).map_err(fail)?;
    for result in results {
        for d in &result.detections {
            writer
                .write_record([
                    result.image.clone(),
                    d.class.to_string(),
                    d.name.clone(),
                    d.score.to_string(),
                    d.bbox.x.to_string(),
                    d.bbox.y.to_string(),
                    d.bbox.w.to_string(),
                    d.bbox.h.to_string(),
                ])
                .map_err(fail)?;
        }
    }
    let bytes = writer.into_inner().map_err(|e| Error::Usage(e.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
