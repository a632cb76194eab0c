//! Picture to network input.

use crate::{
    host::{Picture, Placement},
    tensor::Tensor,
};

/// The canvas `[3, H, W]`, RGB / 255, or `[1, H, W]` of greys: the host's own resampler is the definition.
pub fn letterbox(picture: &Picture, placement: &Placement) -> Tensor {
    placement.resample(picture)
}
