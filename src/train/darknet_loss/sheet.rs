//! What is filled in while a picture is gone through.

use crate::train::darknet_loss::{
    BoxGradient, HeadValues, Tally, YoloSection,
    head::{HeadReading, Spot},
};
use std::collections::BTreeSet;

/// The deltas of one picture in the making.
pub(crate) struct DeltaSheet<'a, T> {
    pub reading: HeadReading<'a, T>,
    pub gradient: BoxGradient,
    /// As the head lies.
    pub deltas: Vec<f64>,
    /// As the head lies: the loss that each delta descends; that of a box is kept at its x.
    pub losses: Vec<f64>,
    /// Where a truth has left something.
    pub assigned: BTreeSet<Spot>,
    pub tally: Tally,
}

impl<'a, T: Copy + Into<f64>> DeltaSheet<'a, T> {
    pub fn new(section: &'a YoloSection, gradient: BoxGradient, head: HeadValues<'a, T>) -> Self {
        let (deltas, losses) = (vec![0.0; head.raw.len()], vec![0.0; head.raw.len()]);
        let not_finite = head.raw.iter().filter(|&&v| !v.into().is_finite()).count();
        let tally = Tally { not_finite, ..Tally::default() };
        Self { reading: HeadReading { section, head }, gradient, deltas, losses, assigned: BTreeSet::new(), tally }
    }

    pub fn section(&self) -> &'a YoloSection {
        self.reading.section
    }

    /// The loss that `target - p` descends: cross entropy of a logit, half the squared error of a probability.
    pub fn probability_loss(&self, at: usize, target: f64) -> f64 {
        let v = self.reading.raw(at);
        let loss = if self.section().new_coords {
            0.5 * (target - v) * (target - v)
        } else {
            v.max(0.0) + (-v.abs()).exp().ln_1p() - target * v
        };
        finite(loss)
    }

    /// Every spot of the head.
    pub fn spots(&self) -> impl Iterator<Item = Spot> + use<T> {
        let (masks, (columns, rows)) = (self.section().mask.len(), self.reading.head.grid);
        (0..masks).flat_map(move |mask| {
            (0..rows).flat_map(move |row| (0..columns).map(move |column| Spot { mask, column, row }))
        })
    }
}

pub(crate) fn finite(v: f64) -> f64 {
    if v.is_finite() { v } else { 0.0 }
}
