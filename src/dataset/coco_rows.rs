//! The rows of COCO's annotations of objects, as far as they are read.

use serde::Deserialize;

/// A picture.
#[derive(Deserialize)]
pub struct ImageRow {
    /// Its number, which annotations name.
    pub id: u64,
    /// Its path in the folder of pictures.
    pub file_name: String,
    /// Columns that it was marked at.
    pub width: Option<usize>,
    /// Rows that it was marked at.
    pub height: Option<usize>,
}

/// An object.
#[derive(Deserialize)]
pub struct AnnotationRow {
    /// Its number.
    pub id: u64,
    /// Its picture.
    pub image_id: u64,
    /// Its kind.
    pub category_id: u64,
    /// Left, top, width, height in pixels.
    pub bbox: [f64; 4],
    /// Pixels of its outline.
    pub area: Option<f64>,
    /// 1 for many objects in one box.
    #[serde(default)]
    pub iscrowd: u8,
}

/// A kind of objects.
#[derive(Deserialize)]
pub struct CategoryRow {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
}
