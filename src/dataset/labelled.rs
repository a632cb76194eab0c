//! Pictures and what somebody has marked in them.

use std::path::PathBuf;

/// What a kind of objects is called in a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its number in COCO's files: from 1, with gaps in COCO's own.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// An object that somebody has marked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Annotation {
    /// Index in [`Dataset::categories`].
    pub category: usize,
    /// Left, top, width, height in pixels.
    pub bbox: [f64; 4],
    /// Pixels that it covers: of its outline where it has one.
    pub area: f64,
    /// Many objects in one box.
    pub crowd: bool,
}

/// The objects of a picture as they were written down.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::dataset) enum Written {
    Pixels(Vec<Annotation>),
    /// Category, then centre x and y, width, height as fractions of the picture.
    Fractions(Vec<(usize, [f64; 4])>),
}

/// A picture with its objects.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledImage {
    /// Its number in COCO's files.
    pub id: u64,
    /// Where it is.
    pub path: PathBuf,
    /// Columns and rows that it was marked at, where that is known.
    pub size: Option<(usize, usize)>,
    pub(in crate::dataset) written: Written,
}

impl LabelledImage {
    /// How many objects there are, crowds counted as one.
    pub fn objects(&self) -> usize {
        match &self.written {
            Written::Pixels(labels) => labels.len(),
            Written::Fractions(labels) => labels.len(),
        }
    }

    /// Its objects in pixels of a picture of `width` columns and `height` rows.
    pub fn labels(&self, (width, height): (usize, usize)) -> Vec<Annotation> {
        let (w, h) = (width as f64, height as f64);
        let label = |(category, [x, y, bw, bh]): &(usize, [f64; 4])| Annotation {
            category: *category,
            bbox: [(x - bw / 2.0) * w, (y - bh / 2.0) * h, bw * w, bh * h],
            area: bw * w * bh * h,
            crowd: false,
        };
        match &self.written {
            Written::Pixels(labels) => labels.clone(),
            Written::Fractions(labels) => labels.iter().map(label).collect(),
        }
    }
}

/// Pictures with their objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// In the order in which ties between their boxes are broken.
    pub images: Vec<LabelledImage>,
    /// What there may be in them.
    pub categories: Vec<Category>,
    /// Remarks that the user should see, one line each.
    pub notes: Vec<String>,
}
