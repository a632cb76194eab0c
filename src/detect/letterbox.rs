//! Boxes from the network's canvas back to the picture, and forth.

use crate::{
    detect::BoxPx,
    host::{Candidate, Placement, ResizeMode},
};

/// The map from fractions of the canvas to pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CanvasToImage {
    image: (f32, f32),
    /// Left and top edge of the picture on the canvas, as fractions of it.
    offset: (f32, f32),
    /// Size of the picture on the canvas, as fractions of it.
    extent: (f32, f32),
}

impl CanvasToImage {
    /// From fractions of a picture to the same.
    pub const IDENTITY: Self = Self { image: (1.0, 1.0), offset: (0.0, 0.0), extent: (1.0, 1.0) };

    /// Darknet takes half of the remaining canvas as the offset even where its letterbox rounded it to whole pixels
    /// (correct_yolo_boxes); the PyTorch code takes the whole pixels.
    pub fn new(mode: ResizeMode, placement: &Placement) -> Self {
        let side = |canvas: usize, resized: usize, offset: usize| {
            let (canvas, resized) = (canvas as f32, resized as f32);
            let offset = match mode {
                ResizeMode::Pytorch => offset as f32,
                ResizeMode::DarknetFile | ResizeMode::DarknetVideo => (canvas - resized) / 2.0,
            };
            (offset / canvas, resized / canvas)
        };
        let (x, w) = side(placement.canvas.0, placement.resized.0, placement.offset.0);
        let (y, h) = side(placement.canvas.1, placement.resized.1, placement.offset.1);
        let image = (placement.image.0 as f32, placement.image.1 as f32);
        Self { image, offset: (x, y), extent: (w, h) }
    }

    /// Width and height of the picture as fractions of the canvas.
    pub fn extent(&self) -> (f32, f32) {
        self.extent
    }

    /// Left and top edge of the picture as fractions of the canvas.
    pub fn offset(&self) -> (f32, f32) {
        self.offset
    }

    /// The candidate in pixels of the picture, clipped to it.
    pub fn apply(&self, c: &Candidate) -> BoxPx {
        let x = (c.x - self.offset.0) / self.extent.0 * self.image.0;
        let y = (c.y - self.offset.1) / self.extent.1 * self.image.1;
        let (w, h) = (c.w / self.extent.0 * self.image.0, c.h / self.extent.1 * self.image.1);
        let clip = |centre: f32, length: f32, side: f32| {
            let low = (centre - length * 0.5).clamp(0.0, side);
            let high = (centre + length * 0.5).clamp(0.0, side);
            (low, high - low)
        };
        let ((x, w), (y, h)) = (clip(x, w, self.image.0), clip(y, h, self.image.1));
        BoxPx { x, y, w, h }
    }

    /// A point of the picture, in pixels, as fractions of the canvas.
    pub fn to_canvas(&self, x: f32, y: f32) -> (f32, f32) {
        (x / self.image.0 * self.extent.0 + self.offset.0, y / self.image.1 * self.extent.1 + self.offset.1)
    }
}
