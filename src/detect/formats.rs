//! Detections as text, for people and programs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    dataset::coco_category,
    detect::{BoxPx, Detection, Detections},
    error::{Error, Result},
};

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
    pub detections: Vec<Detection>,
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
    bbox: BoxPx,
    score: f32,
}

const RESULT: &str = "a result";
const JSON: &str = "JSON";

/// JSON has no word for what is not finite: `null` would stand there, which no reader of numbers expects.
fn finite(what: impl std::fmt::Display, number: impl Into<f64>) -> Result<()> {
    let number = number.into();
    let found = format_args!("{what}: expected a finite number, found {number}");
    if number.is_finite() { Ok(()) } else { Err(Error::format(RESULT, JSON)(found)) }
}

fn numbers(detections: &[Detection]) -> Result<()> {
    detections.iter().try_for_each(|d| {
        let what = |name: &'static str| format!("{name} of a {}", d.name);
        finite(what("score"), d.score)?;
        <[f32; 4]>::from(d.bbox).iter().try_for_each(|side| finite(what("box"), *side))
    })
}

impl Detections {
    /// JSON on one line.
    ///
    /// # Errors
    /// [`Error::Format`] if a number is not finite.
    pub fn to_json(&self) -> Result<String> {
        numbers(self)?;
        serde_json::to_string(self).map_err(Error::format(RESULT, JSON))
    }

    /// An array of COCO's results, for pycocotools: `image_id` is the picture's, categories go through COCO's table of 80 to 91
    /// where the network knows 80 `classes`, and count from 1 elsewhere.
    ///
    /// # Errors
    /// [`Error::Format`] if a box or a score is not finite.
    pub fn to_coco(&self, image_id: u64, classes: usize) -> Result<String> {
        coco([(image_id, self)], classes)
    }

    /// YOLO's labels with scores: class, centre, width and height as fractions of the picture, score; one box a line.
    pub fn to_yolo(&self) -> String {
        let (w, h) = (self.width as f32, self.height as f32);
        let row = |d: &Detection| {
            let BoxPx { x, y, w: bw, h: bh } = d.bbox;
            let (left, top) = ((x + bw / 2.0) / w, (y + bh / 2.0) / h);
            format!("{} {left:.6} {top:.6} {:.6} {:.6} {:.6}\n", d.class, bw / w, bh / h, d.score)
        };
        self.iter().map(row).collect()
    }

    /// How many objects there are of each class, by class index: `2 person, 1 dog`, or `nothing`.
    pub fn to_counts(&self) -> String {
        let mut counts: BTreeMap<usize, (usize, &str)> = BTreeMap::new();
        for d in self {
            counts.entry(d.class).or_insert((0, &d.name)).0 += 1;
        }
        let each: Vec<String> = counts.values().map(|(count, name)| format!("{count} {name}")).collect();
        if each.is_empty() { "nothing".into() } else { each.join(", ") }
    }
}

/// An array, one element a picture.
///
/// # Errors
/// [`Error::Format`] if a number is not finite.
pub fn json(results: &[Detections]) -> Result<String> {
    results.iter().try_for_each(|picture| numbers(picture))?;
    serde_json::to_string_pretty(results).map(|s| s + "\n").map_err(Error::format(RESULT, JSON))
}

/// COCO's results for pictures with their image ids; categories go through the 80 to 91 table where there are 80 `classes`.
///
/// # Errors
/// [`Error::Format`] if a box or a score is not finite.
pub fn coco<'a>(results: impl IntoIterator<Item = (u64, &'a Detections)>, classes: usize) -> Result<String> {
    let each = results.into_iter().map(|(image_id, result)| coco_rows(image_id, result, classes));
    let rows: Vec<String> = each.collect::<Result<Vec<_>>>()?.concat();
    Ok(format!("[{}]\n", rows.join(",")))
}

/// The rows of one picture, each by itself.
///
/// # Errors
/// As [`coco`].
pub fn coco_rows(image_id: u64, result: &Detections, classes: usize) -> Result<Vec<String>> {
    numbers(result)?;
    let row = |d: &Detection| CocoRow {
        image_id,
        category_id: if classes == 80 { coco_category(d.class) } else { d.class + 1 },
        bbox: d.bbox,
        score: d.score,
    };
    result.iter().map(|d| serde_json::to_string(&row(d)).map_err(Error::format(RESULT, JSON))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(score: f32, x: f32) -> Detections {
        let bbox = BoxPx { x, y: 1.0, w: 2.0, h: 3.0 };
        let detections = vec![Detection { class: 0, name: "dog".into(), score, bbox, id: None }];
        Detections { image: "7.jpg".into(), width: 10, height: 10, detections }
    }

    fn frame(time: f64, result: &Detections) -> Result<String> {
        let Detections { width, height, detections, .. } = result.clone();
        frame_line(&JsonFrame { frame: 0, time, width, height, detections })
    }

    #[test]
    fn what_is_not_finite_is_an_error_of_the_run_and_no_null() {
        let good = found(0.5, 1.0);
        let all = |r: &Detections| [json(std::slice::from_ref(r)), r.to_json(), r.to_coco(7, 80), frame(0.0, r)];
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
