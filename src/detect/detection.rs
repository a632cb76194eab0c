//! What is found.

use serde::{Deserialize, Serialize};

use crate::host::Candidate;

/// A box in pixels of the picture, clipped to it. For serde it is `[x, y, w, h]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 4]", into = "[f32; 4]")]
pub struct BoxPx {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

impl From<[f32; 4]> for BoxPx {
    fn from([x, y, w, h]: [f32; 4]) -> Self {
        Self { x, y, w, h }
    }
}

impl From<BoxPx> for [f32; 4] {
    fn from(BoxPx { x, y, w, h }: BoxPx) -> Self {
        [x, y, w, h]
    }
}

impl BoxPx {
    /// Right edge.
    pub fn right(&self) -> f32 {
        self.x + self.w
    }

    /// Bottom edge.
    pub fn bottom(&self) -> f32 {
        self.y + self.h
    }

    /// Pixels that it covers.
    pub fn area(&self) -> f32 {
        self.w * self.h
    }

    /// Intersection over union with another one; 0 where neither covers anything.
    pub fn iou(&self, other: &Self) -> f32 {
        let side = |low: f32, high: f32| (high - low).max(0.0);
        let width = side(self.x.max(other.x), self.right().min(other.right()));
        let height = side(self.y.max(other.y), self.bottom().min(other.bottom()));
        let union = self.area() + other.area() - width * height;
        if union > 0.0 { width * height / union } else { 0.0 }
    }
}

/// One object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Class index.
    pub class: usize,
    /// Class name, or the index where there are no names.
    pub name: String,
    /// Objectness times class probability, 0 to 1.
    pub score: f32,
    /// Where.
    #[serde(rename = "box")]
    pub bbox: BoxPx,
    /// Number of its track, where objects are tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
}

impl Detection {
    /// Its box as fractions of a picture of so many columns and rows.
    #[doc(hidden)]
    pub fn as_candidate(&self, (width, height): (usize, usize)) -> Candidate {
        let (width, height, bbox) = (width as f32, height as f32, self.bbox);
        Candidate {
            x: (bbox.x + bbox.w / 2.0) / width,
            y: (bbox.y + bbox.h / 2.0) / height,
            w: bbox.w / width,
            h: bbox.h / height,
            score: self.score,
            class: self.class as u32,
            index: 0,
            track: self.id.unwrap_or(0) as u32,
        }
    }
}
