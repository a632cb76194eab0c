//! What played, and how.

use std::path::Path;

use serde::Serialize;
use yolov4::Detector;

/// What played, and how.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EvalSettings {
    /// The network, or the file that the boxes come from.
    pub source: String,
    /// Columns and rows of the network's input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<[usize; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub player: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conf: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nms: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_det: Option<usize>,
    /// With test-time augmentation.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tta: bool,
}

impl EvalSettings {
    /// Of boxes that somebody has found before.
    pub fn of_file(file: &Path) -> Self {
        Self { source: file.display().to_string(), ..Self::default() }
    }

    /// Of a detector.
    pub fn of(detector: &Detector, max_det: usize) -> Self {
        let (input, (conf, nms)) = (detector.graph().input_shape(), detector.thresholds());
        Self {
            source: detector.title(),
            size: Some([input.w, input.h]),
            player: Some(detector.player()),
            conf: Some(conf),
            nms: Some(nms),
            max_det: Some(max_det),
            tta: detector.tta(),
        }
    }
}
