//! Deltas of boxes.

use crate::train::darknet_loss::{
    BoxGradient, BoxLoss, IouKind, Truth,
    head::Spot,
    overlap::{Rect, overlap},
    sheet::{DeltaSheet, finite},
    slope,
};

impl<T: Copy + Into<f64>> DeltaSheet<'_, T> {
    /// Pulls the spot's box to the truth, on top of what other truths do to it. Returns their IoU and GIoU.
    pub fn pull_box(&mut self, spot: Spot, truth: &Truth, multiplier: f64) -> (f64, f64) {
        let entries: [usize; 4] = std::array::from_fn(|entry| self.reading.at(spot, entry));
        self.tally.boxes += 1;
        self.tally.rewritten += usize::from(entries.iter().any(|&at| self.deltas[at] != 0.0));
        let weight = self.section().iou_normalizer * multiplier;
        let (pull, loss) = match self.section().box_loss {
            BoxLoss::Mse => self.squared_error(spot, truth, weight),
            BoxLoss::Overlap(kind) => self.overlap_pull(spot, truth, weight, kind),
        };
        for (&at, pull) in entries.iter().zip(pull) {
            add(&mut self.deltas[at], pull);
        }
        add(&mut self.losses[entries[0]], loss);
        self.assigned.insert(spot);
        let (pred, truth) = (self.reading.rect(spot), Rect::of(truth));
        (overlap(IouKind::Iou, pred, truth), overlap(IouKind::Giou, pred, truth))
    }

    fn overlap_pull(&self, spot: Spot, truth: &Truth, weight: f64, kind: IouKind) -> ([f64; 4], f64) {
        let (pred, truth) = (self.reading.rect(spot), Rect::of(truth));
        let (slope, overlap) = slope::exact(kind, pred, truth);
        let slope = match self.gradient {
            BoxGradient::Exact => {
                let chain = self.reading.rect_slope(spot);
                std::array::from_fn(|i| slope[i] * chain[i])
            }
            BoxGradient::Darknet => {
                let times = |entry: usize| self.reading.raw(self.reading.at(spot, entry)).exp();
                // exp(t) where exp(t)*anchor would be right; nothing where new_coords has a square.
                let chain = if self.section().new_coords { [1.0; 4] } else { [1.0, 1.0, times(2), times(3)] };
                let slope = slope::darknet(kind, pred, truth);
                std::array::from_fn(|i| slope[i] * chain[i])
            }
        };
        let bound = self.section().max_delta.unwrap_or(f64::INFINITY);
        (slope.map(|by| finite(weight * by).min(bound).max(-bound)), weight * (1.0 - overlap))
    }

    /// Each of the four values to where it would give the truth's box.
    fn squared_error(&self, spot: Spot, truth: &Truth, weight: f64) -> ([f64; 4], f64) {
        let reading = &self.reading;
        let (columns, rows) = reading.head.grid;
        let weight = weight * (2.0 - truth.w * truth.h);
        let entries: [usize; 4] = std::array::from_fn(|entry| reading.at(spot, entry));
        let [w, h] = reading.anchor(spot.mask);
        let length = |ratio: f64| if self.section().new_coords { (ratio / 4.0).sqrt() } else { ratio.ln() };
        let errors = [
            truth.cx * columns as f64 - spot.column as f64 - reading.offset(entries[0]),
            truth.cy * rows as f64 - spot.row as f64 - reading.offset(entries[1]),
            length(truth.w / w) - reading.raw(entries[2]),
            length(truth.h / h) - reading.raw(entries[3]),
        ];
        let chain = match self.gradient {
            BoxGradient::Exact => [reading.offset_slope(entries[0]), reading.offset_slope(entries[1]), 1.0, 1.0],
            BoxGradient::Darknet => [1.0; 4],
        };
        let loss = errors.iter().map(|e| 0.5 * weight * e * e).sum();
        (std::array::from_fn(|i| weight * errors[i] * chain[i]), loss)
    }

    /// With `iou_thresh`, a box that several truths pull is moved by their mean. What Darknet divides by is the number of
    /// *positive class deltas*: two truths of one class count once, and label smoothing can lift classes of no truth.
    pub fn average_boxes(&mut self) {
        for &spot in &self.assigned {
            let positive = (0..self.reading.section.classes)
                .filter(|class| self.deltas[self.reading.at(spot, 5 + class)] > 0.0)
                .count();
            if positive == 0 || self.deltas[self.reading.at(spot, 4)] == 0.0 {
                continue;
            }
            for entry in 0..4 {
                self.deltas[self.reading.at(spot, entry)] /= positive as f64;
            }
            self.losses[self.reading.at(spot, 0)] /= positive as f64;
        }
    }
}

/// What is no number, or makes none of the sum, is left out.
fn add(to: &mut f64, v: f64) {
    if (*to + v).is_finite() {
        *to += v;
    }
}
