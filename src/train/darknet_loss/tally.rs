//! What is counted, and what Darknet prints of it.

use crate::train::darknet_loss::{BoxLoss, IouKind, YoloSection};
use std::ops::AddAssign;

/// Three sums, one for each thing that is learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossParts {
    /// Boxes.
    pub boxes: f64,
    /// Objectness.
    pub objectness: f64,
    /// Classes.
    pub classes: f64,
}

impl LossParts {
    /// All three.
    pub fn total(&self) -> f64 {
        self.boxes + self.objectness + self.classes
    }

    /// All three over so many.
    pub fn over(self, many: f64) -> Self {
        Self { boxes: self.boxes / many, objectness: self.objectness / many, classes: self.classes / many }
    }
}

impl AddAssign for LossParts {
    fn add_assign(&mut self, other: Self) {
        self.boxes += other.boxes;
        self.objectness += other.objectness;
        self.classes += other.classes;
    }
}

/// Sums over one or more pictures; those of several pictures add.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Truths given to predictions, each time one was (`count`).
    pub assigned: usize,
    /// Times a box was pulled (`total_bbox`): `assigned` and what `truth_thresh` adds.
    pub boxes: usize,
    /// Of those, times another truth had pulled it before (`rewritten_bbox`).
    pub rewritten: usize,
    /// Assigned predictions whose IoU is above 0.5.
    pub recall_50: usize,
    /// Assigned predictions whose IoU is above 0.75.
    pub recall_75: usize,
    /// Sum of IoU over `assigned`.
    pub iou: f64,
    /// Sum of GIoU over `assigned`.
    pub giou: f64,
    /// Sum of objectness over `assigned`.
    pub assigned_objectness: f64,
    /// Sum of the true class's probability over `assigned`.
    pub assigned_class: f64,
    /// Predictions: masks*h*w for each picture.
    pub predictions: usize,
    /// Sum of objectness over `predictions`.
    pub objectness: f64,
    /// Truths that were not placed: of no class, out of range, on the far edge, after x = 0, or more than `max`.
    pub skipped: usize,
    /// Values of the head that are not finite.
    pub not_finite: usize,
    /// Sums of squared deltas.
    pub squares: LossParts,
    /// The loss that the deltas descend (with [`BoxGradient::Exact`](crate::train::darknet_loss::BoxGradient::Exact), and but for `max_delta`).
    /// Boxes: `iou_normalizer` times 1 - overlap, or half the weighted squared error for mse. Objectness and classes: cross
    /// entropy, or half the squared error with `new_coords`. Weights of `focal_loss` and targets of `objectness_smooth`
    /// count as constants.
    pub objective: LossParts,
}

impl Tally {
    /// Mean IoU of the assigned; 0 if there are none.
    pub fn average_iou(&self) -> f64 {
        self.iou / self.assigned.max(1) as f64
    }

    /// Darknet's cost of the layer with its default `show_details=1`: printed, not descended. Mean of 1 - IoU (of 1 - GIoU
    /// for giou) times `iou_normalizer` plus squared deltas of the others times `obj_normalizer`; all squared deltas for mse.
    pub fn cost(&self, section: &YoloSection) -> LossParts {
        let overlap = match section.box_loss {
            BoxLoss::Mse => return self.squares,
            BoxLoss::Overlap(IouKind::Giou) => self.giou,
            BoxLoss::Overlap(_) => self.iou,
        };
        let missing = (self.assigned as f64 - overlap) / self.assigned.max(1) as f64;
        LossParts {
            boxes: section.iou_normalizer * missing,
            objectness: section.obj_normalizer * self.squares.objectness,
            classes: section.obj_normalizer * self.squares.classes,
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.assigned += other.assigned;
        self.boxes += other.boxes;
        self.rewritten += other.rewritten;
        self.recall_50 += other.recall_50;
        self.recall_75 += other.recall_75;
        self.iou += other.iou;
        self.giou += other.giou;
        self.assigned_objectness += other.assigned_objectness;
        self.assigned_class += other.assigned_class;
        self.predictions += other.predictions;
        self.objectness += other.objectness;
        self.skipped += other.skipped;
        self.not_finite += other.not_finite;
        self.squares += other.squares;
        self.objective += other.objective;
    }
}
