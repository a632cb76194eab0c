//! What comes with a model besides its graph: how it is used unless the user says otherwise.

use crate::kernels::letterbox::ResizeMode;

/// Used where the user says nothing. Input size, letterbox and NMS kind are in the network itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Defaults {
    /// Class names in order of class index; none if they are not known.
    pub names: Vec<String>,
    /// How pictures are resampled: as the program did that the weights were trained with.
    pub resize: ResizeMode,
    /// Least score.
    pub conf: f32,
    /// Overlap above which the lesser box goes.
    pub nms: f32,
}

impl Default for Defaults {
    /// As Darknet's `detector test`.
    fn default() -> Self {
        Self { names: vec![], resize: ResizeMode::DarknetFile, conf: 0.25, nms: 0.45 }
    }
}
