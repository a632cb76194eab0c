//! Non-maximum suppression: boxes sorted by score, each kept one silences those of its class that overlap it.

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
