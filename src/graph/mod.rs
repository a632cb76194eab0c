//! A network as plain data: typed ops with inferred shapes, passes that rewrite them, a plan that places them.
//!
//! ```text
//! model  --build-->  Graph  --compile: fold, fuse, bands, plan-->  Compiled  --gpu-->  boxes
//!                      |
//!                      +---------------------- oracle --------------------------->  boxes
//! ```

// What is new is decided wherever something is decided by kind: no arm guesses for it.
#![warn(clippy::wildcard_enum_match_arm)]

#[cfg(feature = "train")]
pub mod backward;
pub mod bands;
pub mod build;
pub mod compile;
pub mod dispatches;
#[cfg(not(target_arch = "wasm32"))]
pub mod drop;
pub mod explain;
#[cfg(feature = "train")]
pub mod explain_training;
pub mod fold;
pub mod fuse;
pub mod guess;
pub mod ir;
pub mod place;
pub mod plan;
pub mod reach;
#[cfg(feature = "train")]
pub mod recompute;
pub mod rewrite;
#[cfg(feature = "train")]
pub mod sharing;
pub mod slots;
#[cfg(feature = "train")]
pub mod tail;
pub mod target;
pub mod weighted;

pub use crate::ops::{Activation, Conv, Epilogue, LocalAvgPool, NodeParams, Op, Pool, Slice, Spp, Upsample};
pub use build::Builder;
pub use ir::{Graph, Head, Node, NodeId, Params};
pub use target::{Keep, Residence, Target};
pub use weighted::Weighted;
