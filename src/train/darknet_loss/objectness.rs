//! Deltas of objectness.

use crate::train::darknet_loss::{
    IouKind, Truth,
    head::Spot,
    overlap::{Rect, overlap},
    sheet::DeltaSheet,
};

/// A class above this says that a prediction means something.
const SURE: f64 = 0.25;

impl<T: Copy + Into<f64>> DeltaSheet<'_, T> {
    /// Pulls the spot's objectness to `target`; whatever pulled it before does so no more.
    pub fn set_objectness(&mut self, spot: Spot, target: f64, weight: f64) {
        let at = self.reading.at(spot, 4);
        self.deltas[at] = weight * (target - self.reading.objectness(spot));
        self.losses[at] = weight * self.probability_loss(at, target);
    }

    /// What a spot gets before any truth is placed: towards no object, unless it has found one.
    pub fn pull_background(&mut self, spot: Spot, truths: &[Truth]) {
        let section = self.section();
        let pred = self.reading.rect(spot);
        let mut best = (0.0, None);
        for truth in truths {
            let iou = overlap(IouKind::Iou, pred, Rect::of(truth));
            if iou > best.0 {
                best = (iou, Some(truth));
            }
        }
        let p = self.reading.objectness(spot);
        self.tally.predictions += 1;
        self.tally.objectness += p;
        let found = best.0 > section.ignore_thresh && self.sure(spot);
        let (target, weight) = match (found, section.objectness_smooth) {
            (false, _) => (0.0, section.obj_normalizer),
            (true, true) => (best.0, section.obj_normalizer),
            (true, false) => (0.0, 0.0),
        };
        self.set_objectness(spot, target, weight);
        if let (iou, Some(truth)) = best
            && iou > section.truth_thresh
        {
            self.pull_sure(spot, truth, iou);
        }
    }

    /// Whether any class is likely; which, and whether the truth has it, does not matter to Darknet.
    fn sure(&self, spot: Spot) -> bool {
        (0..self.section().classes).any(|class| self.reading.probability(self.reading.at(spot, 5 + class)) > SURE)
    }

    /// What `truth_thresh` asks for: the prediction is taken as the truth's, without being counted.
    fn pull_sure(&mut self, spot: Spot, truth: &Truth, iou: f64) {
        let section = self.section();
        let multiplier = section.multiplier(truth.class);
        let target = if section.objectness_smooth { iou * iou } else { 1.0 };
        self.set_objectness(spot, target, section.obj_normalizer);
        self.pull_classes(spot, truth.class);
        if section.objectness_smooth {
            self.set_class(self.reading.at(spot, 5 + truth.class), target, multiplier);
        }
        self.pull_box(spot, truth, multiplier);
    }
}
