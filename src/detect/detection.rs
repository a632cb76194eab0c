//! What is found.

use serde::{Deserialize, Serialize};

/// A box in pixels of the picture, clipped to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// Class index.
    pub class: usize,
    /// Class name, or the index where there are no names.
    pub name: String,
    /// Objectness times class probability, 0 to 1.
    pub score: f32,
    /// Where.
    pub bbox: BoxPx,
}
