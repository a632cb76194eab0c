//! COCO's results: a row a box, as pycocotools takes them.

use std::{collections::HashSet, path::Path};

use serde::{Deserialize, Serialize};
use yolov4::{Error, Result, dataset::Dataset};

use crate::output;

/// A box.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultRow {
    pub image_id: u64,
    pub category_id: u64,
    /// Left, top, width, height in pixels.
    pub bbox: [Decimal; 4],
    pub score: Decimal,
}

/// A number as it is written: what is computed from it is what whoever reads the file computes, to the bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decimal(pub f64);

impl From<f32> for Decimal {
    fn from(number: f32) -> Self {
        // The shortest text that is this f32 is what stands in the file.
        Self(number.to_string().parse().unwrap_or(f64::from(number)))
    }
}

/// Writes an array of rows, a row a line.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] if a number is not finite.
pub fn write(file: &Path, rows: &[ResultRow]) -> Result<()> {
    let mut text = String::from("[");
    for (i, row) in rows.iter().enumerate() {
        let numbers = row.bbox.iter().chain([&row.score]);
        if let Some(Decimal(number)) = numbers.into_iter().find(|number| !number.0.is_finite()) {
            let image = row.image_id;
            let message = format!("picture {image}: expected a finite number, found {number}");
            return Err(Error::format("a result", "JSON")(message));
        }
        text += if i == 0 { "\n" } else { ",\n" };
        text += &serde_json::to_string(row).map_err(Error::format("a result", "JSON"))?;
    }
    output::write(file, (text + "\n]\n").as_bytes())
}

/// Reads them, and remarks. What is of no annotated category does not count, as in pycocotools.
///
/// # Errors
/// [`Error::Io`]; [`Error::Text`] for what is no such file, or a picture that is not annotated.
pub fn read(file: &Path, dataset: &Dataset) -> Result<(Vec<ResultRow>, Vec<String>)> {
    let bytes = std::fs::read(file).map_err(Error::io(file))?;
    let fail = |line: usize, message: String| Error::Text { file: file.to_owned(), line: line.max(1), message };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut rows: Vec<ResultRow> = serde_json::from_slice(bytes)
        .map_err(|e| fail(e.line(), format!("expected COCO's results (image_id, category_id, bbox, score): {e}")))?;
    let images: HashSet<u64> = dataset.images.iter().map(|image| image.id).collect();
    if let Some(row) = rows.iter().find(|row| !images.contains(&row.image_id)) {
        return Err(fail(1, format!("picture {} is not among the {} annotated", row.image_id, images.len())));
    }
    let categories: HashSet<u64> = dataset.categories.iter().map(|category| category.id).collect();
    let before = rows.len();
    rows.retain(|row| categories.contains(&row.category_id));
    let strays = before - rows.len();
    let note = format!("{}: {strays} boxes of categories that are not annotated do not count", file.display());
    Ok((rows, if strays > 0 { vec![note] } else { vec![] }))
}
