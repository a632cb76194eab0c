#![doc = include_str!("../README.md")]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")
)]

pub(crate) mod detect;
pub(crate) mod error;
#[cfg(feature = "gpu")]
pub(crate) mod gpu;
pub(crate) mod graph;
pub(crate) mod kernels;
pub(crate) mod model;
pub(crate) mod oracle;
pub(crate) mod tensor;

pub use error::{Error, Result};

/// Everything below the [`Detector`]: graph, kernels, both players. No promise of stability.
pub mod low_level {
    #[cfg(feature = "gpu")]
    pub use crate::gpu;
    pub use crate::{detect, error, graph, kernels, model, oracle, tensor};
}
