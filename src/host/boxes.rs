//! Boxes, and what they are filtered by.

/// A box above the threshold, for one class. Centre and sides are fractions of the network's input.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Candidate {
    /// Centre, from the left edge.
    pub x: f32,
    /// Centre, from the top edge.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
    /// Objectness times class probability.
    pub score: f32,
    /// Class index.
    pub class: u32,
    /// Number of the box in the network: heads in cfg order, then anchor, row, column. Breaks ties, lowest first.
    pub index: u32,
    /// Number of its track, given on the host; 0 for none.
    pub track: u32,
}

impl Candidate {
    /// Best first: by score, then the lower number of the box, then the lower class.
    pub fn best_first(&self, other: &Self) -> std::cmp::Ordering {
        let by_number = || self.index.cmp(&other.index).then(self.class.cmp(&other.class));
        other.score.total_cmp(&self.score).then_with(by_number)
    }
}

/// What a frame's boxes are filtered by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Objectness, and objectness times class probability, must be above this.
    pub score_threshold: f32,
    /// A box that overlaps a better one by more than this is dropped.
    pub iou_threshold: f32,
    /// How overlap is measured.
    pub kind: NmsKind,
    /// Whether a box silences those of other classes as well.
    pub agnostic: bool,
    /// Width and height of the picture as fractions of the canvas: Darknet undoes the letterbox before NMS, so that the
    /// distances of DIoU are fractions of the picture. `(1, 1)` where pictures are stretched.
    pub extent: (f32, f32),
}

/// Which overlap two boxes are compared by (`nms_kind` of the last `[yolo]` section; Darknet's box.c).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NmsKind {
    /// No `nms_kind`: plain intersection over union.
    Iou,
    /// `IoU - (d^2 / c^2) ^ beta`: `greedynms` fixes beta at 0.6, `diounms` takes `beta_nms`.
    Diou {
        /// Exponent of the distance term.
        beta: f32,
    },
}

impl NmsKind {
    /// Exponent of `greedynms`, and of `diounms` where a cfg has no `beta_nms` (Darknet's box.c and parser.c).
    pub const BETA: f32 = 0.6;
}
