//! The values that the loss reads.

use crate::train::darknet_loss::{Misfit, YoloSection, overlap::Rect};

/// What a head convolution wrote, after its activation.
#[derive(Clone, Copy, Debug)]
pub struct HeadValues<'a, T> {
    /// \[masks*(5+classes), h, w\] of one picture (or several, one after the other): x, y, w, h, objectness, classes of
    /// each anchor of the mask. With `new_coords` each is between 0 and 1 already.
    pub raw: &'a [T],
    /// Width and height of the grid, in cells.
    pub grid: (usize, usize),
    /// Width and height of the network's canvas, in pixels.
    pub canvas: (usize, usize),
}

impl<T> HeadValues<'_, T> {
    /// Cells of the grid.
    pub(crate) fn cells(&self) -> usize {
        self.grid.0.saturating_mul(self.grid.1)
    }

    /// Values of one picture, if `pictures` of them fit.
    pub(crate) fn check(&self, section: &YoloSection, pictures: usize) -> Result<usize, Misfit> {
        section.check()?;
        if self.cells() == 0 || self.canvas.0 == 0 || self.canvas.1 == 0 {
            return Err(Misfit::Empty);
        }
        let each = section.channels().saturating_mul(self.cells());
        let expected = each.saturating_mul(pictures);
        if self.raw.len() == expected { Ok(each) } else { Err(Misfit::HeadValues { expected, found: self.raw.len() }) }
    }
}

pub(crate) fn logistic(v: f64) -> f64 {
    1.0 / (1.0 + (-v).exp())
}

/// A cell of the grid under one anchor of the mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    /// Place in the mask.
    pub mask: usize,
    pub column: usize,
    pub row: usize,
}

/// One picture's head as the section reads it.
pub(crate) struct HeadReading<'a, T> {
    pub section: &'a YoloSection,
    pub head: HeadValues<'a, T>,
}

impl<T: Copy + Into<f64>> HeadReading<'_, T> {
    /// Place of the `entry`th value at the spot: x, y, w, h, objectness, classes.
    pub fn at(&self, spot: Spot, entry: usize) -> usize {
        let channel = spot.mask * (5 + self.section.classes) + entry;
        channel * self.head.cells() + spot.row * self.head.grid.0 + spot.column
    }

    pub fn raw(&self, at: usize) -> f64 {
        self.head.raw[at].into()
    }

    /// Probability of an object or a class.
    pub fn probability(&self, at: usize) -> f64 {
        if self.section.new_coords { self.raw(at) } else { logistic(self.raw(at)) }
    }

    /// Objectness; Darknet takes what is no number as 0.
    pub fn objectness(&self, spot: Spot) -> f64 {
        let p = self.probability(self.at(spot, 4));
        if p.is_finite() { p } else { 0.0 }
    }

    /// Where in its cell a centre lies, in cells: x or y after `scale_x_y`.
    pub fn offset(&self, at: usize) -> f64 {
        let scale = self.section.scale_x_y;
        scale * self.probability(at) - 0.5 * (scale - 1.0)
    }

    /// Derivative of [`Self::offset`] by the raw value.
    pub fn offset_slope(&self, at: usize) -> f64 {
        let p = self.probability(at);
        self.section.scale_x_y * if self.section.new_coords { 1.0 } else { p * (1.0 - p) }
    }

    /// Width and height of the spot's anchor, as fractions of the canvas.
    pub fn anchor(&self, mask: usize) -> [f64; 2] {
        let [w, h] = self.section.anchors[self.section.mask[mask]];
        [w / self.head.canvas.0 as f64, h / self.head.canvas.1 as f64]
    }

    /// The predicted box.
    pub fn rect(&self, spot: Spot) -> Rect<f64> {
        let (columns, rows) = self.head.grid;
        let [w, h] = self.anchor(spot.mask);
        let times = |entry: usize| {
            let v = self.raw(self.at(spot, entry));
            if self.section.new_coords { 4.0 * v * v } else { v.exp() }
        };
        Rect {
            x: (spot.column as f64 + self.offset(self.at(spot, 0))) / columns as f64,
            y: (spot.row as f64 + self.offset(self.at(spot, 1))) / rows as f64,
            w: times(2) * w,
            h: times(3) * h,
        }
    }

    /// Derivatives of x, y, w, h of [`Self::rect`] by their raw values.
    pub fn rect_slope(&self, spot: Spot) -> [f64; 4] {
        let (columns, rows) = self.head.grid;
        let [w, h] = self.anchor(spot.mask);
        let times = |entry: usize| {
            let v = self.raw(self.at(spot, entry));
            if self.section.new_coords { 8.0 * v } else { v.exp() }
        };
        [
            self.offset_slope(self.at(spot, 0)) / columns as f64,
            self.offset_slope(self.at(spot, 1)) / rows as f64,
            times(2) * w,
            times(3) * h,
        ]
    }
}
