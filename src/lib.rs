#![doc = include_str!("../docs/crate.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Whatever a signature says has a name that a caller can write.
#![warn(unnameable_types)]
#![cfg_attr(
    not(feature = "gpu"),
    allow(
        dead_code,
        unused_imports,
        reason = "the pieces of a floor that only the GPU player takes are no features of their own"
    )
)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")
)]

#[cfg(feature = "cpu")]
mod cpu;
pub mod dataset;
mod detect;
mod digest;
mod error;
pub mod eval;
#[cfg(feature = "fetch")]
mod fetch;
mod files;
#[cfg(feature = "gpu")]
mod gpu;
mod graph;
mod host;
mod kernels;
pub mod low_level;
mod model;
mod ops;
mod oracle;
#[cfg(not(target_arch = "wasm32"))]
mod ordered;
#[cfg(not(target_arch = "wasm32"))]
mod paper;
mod task;
mod tensor;
mod text;
pub mod track;
#[cfg(feature = "train")]
mod train;
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
mod video;
#[cfg(feature = "gpu")]
mod view;

pub use detect::{
    BoxPx, Choice, Detection, Detections, Detector, DetectorBuilder, Heads, Input, NmsChoice, PixelFormat, Pixels,
    PlayerChoice, Progress, TuneChoice, Why,
};
pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "gpu")]
pub use gpu::{Backend, Gpu};
// What stands in signatures, of the very versions that are meant.
pub use host::{Picture, ResizeMode};
pub use image;
pub use kernels::Precision;
pub use model::Decode;
#[cfg(feature = "fetch")]
pub use model::zoo::Remote;
pub use tensor::{Shape, Tensor};
#[cfg(feature = "gpu")]
pub use view::LiveDetector;
#[cfg(all(feature = "gpu", feature = "video", not(target_arch = "wasm32")))]
pub use view::{FrameDetections, Stream};
#[cfg(feature = "gpu")]
pub use wgpu;

/// Frames of a video as they come, and where they come from: for [`Input::Frame`], and sources of one's own.
pub mod media {
    pub use crate::host::{Colour, Frame, FrameFormat, Matrix, Range, Siting};
    #[cfg(all(feature = "video", not(target_arch = "wasm32")))]
    pub use crate::video::{Next, Source, Stopper};
}
