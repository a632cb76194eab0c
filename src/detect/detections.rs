//! The objects in one picture.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

use crate::detect::Detection;

/// The objects in one picture, best first. It is a slice of [`Detection`] in all but name, and for serde an element of the array that
/// `assets/detections.schema.json` describes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Detections {
    /// The picture as the caller named it: its path, or nothing.
    pub image: String,
    /// Columns of the picture.
    pub width: usize,
    /// Rows of the picture.
    pub height: usize,
    /// The objects.
    pub detections: Vec<Detection>,
}

impl Deref for Detections {
    type Target = [Detection];

    fn deref(&self) -> &[Detection] {
        &self.detections
    }
}

impl DerefMut for Detections {
    fn deref_mut(&mut self) -> &mut [Detection] {
        &mut self.detections
    }
}

impl IntoIterator for Detections {
    type Item = Detection;
    type IntoIter = std::vec::IntoIter<Detection>;

    fn into_iter(self) -> Self::IntoIter {
        self.detections.into_iter()
    }
}

impl<'a> IntoIterator for &'a Detections {
    type Item = &'a Detection;
    type IntoIter = std::slice::Iter<'a, Detection>;

    fn into_iter(self) -> Self::IntoIter {
        self.detections.iter()
    }
}
