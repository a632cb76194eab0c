//! Which predictions a truth is given to.

use crate::train::darknet_loss::{
    IouKind, Truth,
    head::Spot,
    overlap::{Rect, overlap},
    sheet::DeltaSheet,
};

impl<T: Copy + Into<f64>> DeltaSheet<'_, T> {
    /// Gives the truth to the anchor of all that fits it best, if this head has it, and with `iou_thresh` to every other
    /// of the head that fits well enough.
    pub fn place(&mut self, truth: &Truth, (column, row): (usize, usize)) {
        let section = self.section();
        let best = self.best_anchor(truth);
        // A mask that names an anchor twice has it at the first place only.
        let place = |anchor: usize| section.mask.iter().position(|&own| own == anchor);
        if let Some(mask) = place(best) {
            self.assign(Spot { mask, column, row }, truth);
        }
        if section.iou_thresh >= 1.0 {
            return;
        }
        for anchor in (0..section.anchors.len()).filter(|&anchor| anchor != best) {
            if let Some(mask) = place(anchor)
                && self.fit(section.iou_thresh_kind, anchor, truth) > section.iou_thresh
            {
                self.assign(Spot { mask, column, row }, truth);
            }
        }
    }

    /// The first of all anchors whose shape has the largest IoU with the truth's; the very first for a truth without area.
    fn best_anchor(&self, truth: &Truth) -> usize {
        let mut best = (0, 0.0);
        for anchor in 0..self.section().anchors.len() {
            let iou = self.fit(IouKind::Iou, anchor, truth);
            if iou > best.1 {
                best = (anchor, iou);
            }
        }
        best.0
    }

    /// Overlap of the shapes of an anchor and the truth.
    fn fit(&self, kind: IouKind, anchor: usize, truth: &Truth) -> f64 {
        let [w, h] = self.section().anchors[anchor];
        let (width, height) = self.reading.head.canvas;
        overlap(kind, Rect::shape(w / width as f64, h / height as f64), Rect::shape(truth.w, truth.h))
    }

    fn assign(&mut self, spot: Spot, truth: &Truth) {
        let section = self.section();
        let multiplier = section.multiplier(truth.class);
        let (iou, giou) = self.pull_box(spot, truth, multiplier);
        // With objectness_smooth the push to no object stays: only a spot that nothing pulls is pulled to the truth. Such a
        // spot rises once its box overlaps by ignore_thresh.
        if !section.objectness_smooth || self.deltas[self.reading.at(spot, 4)] == 0.0 {
            self.set_objectness(spot, 1.0, multiplier * section.obj_normalizer);
        }
        self.tally.assigned_objectness += self.reading.objectness(spot);
        self.tally.assigned_class += self.pull_classes(spot, truth.class);
        self.tally.assigned += 1;
        self.tally.iou += iou;
        self.tally.giou += giou;
        self.tally.recall_50 += usize::from(iou > 0.5);
        self.tally.recall_75 += usize::from(iou > 0.75);
    }
}
