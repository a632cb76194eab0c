//! The ops of a network, a room each: `NAME.rs` says everything that is the op's. What it reads and what shape follows, what it
//! costs, how it is stored and may be cut, what it computes by definition (the oracle of its kernels), and which kernel plays it.
//!
//! [`Op`] lists them; only passes that are about ops by name ([`crate::graph::fold`], [`crate::graph::fuse`]) tell them apart
//! elsewhere. CONTRIBUTING tells how to add one.

// What is new is decided wherever something is decided by kind: no arm guesses for it.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod activation;
pub mod avg_pool;
pub mod batch_norm;
pub mod concat;
pub mod conv;
#[cfg(feature = "train")]
pub mod gradient;
pub mod input;
pub mod local_avg_pool;
pub mod max_pool;
mod op;
mod room;
pub mod sam;
pub mod scale_channels;
pub mod shortcut;
pub mod slice;
pub mod spp;
#[cfg(feature = "train")]
pub mod train;
pub mod upsample;

pub use crate::kernels::activation::ActivationKind as Activation;
pub use conv::{Conv, Epilogue};
pub use local_avg_pool::LocalAvgPool;
pub use max_pool::Pool;
pub use op::Op;
pub use room::{Counts, Cut, Definition, Lowering, NodeParams, Sight, Storage};
pub use slice::Slice;
pub use spp::Spp;
#[cfg(feature = "train")]
pub use train::TrainOp;
pub use upsample::Upsample;

use room::{enlarged, expect, pooled};
