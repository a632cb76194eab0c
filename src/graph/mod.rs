//! A network as plain data: typed ops with inferred shapes, passes that rewrite them, a plan that places them.
//!
//! ```text
//! model  --build-->  Graph  --fold, fuse, bands-->  Graph  --plan-->  Plan  --gpu-->  boxes
//!                      |
//!                      +---------------------- oracle ----------------------------->  boxes
//! ```

pub mod bands;
pub mod build;
pub mod dispatches;
pub mod explain;
pub mod fold;
pub mod fuse;
pub mod ir;
pub mod place;
pub mod plan;
pub mod rewrite;

pub use build::Builder;
pub use ir::{Activation, Conv, Epilogue, Graph, Head, NmsKind, Node, NodeId, NodeParams, Op, Params, Pool};
