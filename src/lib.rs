#![doc = include_str!("../docs/crate.md")]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")
)]

#[doc(hidden)]
pub mod detect;
#[doc(hidden)]
pub mod digest;
#[doc(hidden)]
pub mod error;
#[cfg(feature = "fetch")]
#[doc(hidden)]
pub mod fetch;
#[doc(hidden)]
pub mod files;
#[cfg(feature = "gpu")]
#[doc(hidden)]
pub mod gpu;
#[doc(hidden)]
pub mod graph;
#[doc(hidden)]
pub mod host;
#[doc(hidden)]
pub mod kernels;
#[doc(hidden)]
pub mod model;
#[doc(hidden)]
pub mod ops;
#[doc(hidden)]
pub mod oracle;
#[doc(hidden)]
pub mod task;
#[doc(hidden)]
pub mod tensor;
#[doc(hidden)]
pub mod text;
pub mod track;
#[cfg(all(feature = "video", not(target_arch = "wasm32")))]
#[doc(hidden)]
pub mod video;
#[cfg(feature = "gpu")]
#[doc(hidden)]
pub mod view;

pub use detect::{
    BoxPx, Choice, Detection, Detections, Detector, DetectorBuilder, Input, NmsChoice, PixelFormat, Pixels,
    PlayerChoice, TuneChoice, Why,
};
pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "gpu")]
pub use gpu::{Backend, Gpu};
pub use host::{Picture, ResizeMode};
pub use kernels::Precision;
#[cfg(feature = "fetch")]
pub use model::zoo::Remote;
#[cfg(feature = "gpu")]
pub use view::LiveDetector;
#[cfg(all(feature = "gpu", feature = "video", not(target_arch = "wasm32")))]
pub use view::{FrameDetections, Stream};

/// Everything below the [`Detector`]: graph, kernels, both players. No promise of stability.
pub mod low_level {
    #[cfg(feature = "fetch")]
    pub use crate::fetch;
    #[cfg(all(feature = "video", not(target_arch = "wasm32")))]
    pub use crate::video;
    pub use crate::{detect, error, files, graph, host, kernels, model, ops, oracle, task, tensor, text};
    #[cfg(feature = "gpu")]
    pub use crate::{gpu, view};
}
