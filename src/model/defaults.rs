//! What comes with a model besides its graph: how it is used unless the user says otherwise.

use crate::host::{NmsKind, ResizeMode};

/// How a picture becomes the network's input. Its size is the graph's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preprocess {
    /// `letter_box`: whether pictures keep their shape.
    pub letterbox: bool,
    /// How pictures are resampled: as the program did that the weights were trained with.
    pub resize: ResizeMode,
}

impl Default for Preprocess {
    /// As Darknet's `detector test`.
    fn default() -> Self {
        Self { letterbox: false, resize: ResizeMode::DarknetFile }
    }
}

/// Which boxes are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Defaults {
    /// Least score.
    pub score_threshold: f32,
    /// Overlap above which the lesser box goes.
    pub iou_threshold: f32,
    /// How overlap is measured: `nms_kind` of the last head.
    pub nms_kind: NmsKind,
    /// `beta_nms` of the last head, for `diounms` asked for by the user.
    pub beta_nms: f32,
}

impl Default for Defaults {
    /// As Darknet's `detector test`.
    fn default() -> Self {
        Self { score_threshold: 0.25, iou_threshold: 0.45, nms_kind: NmsKind::Iou, beta_nms: NmsKind::BETA }
    }
}
