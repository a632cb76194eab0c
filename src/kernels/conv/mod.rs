//! Convolution's kernels: a ladder of rungs, a file each. `NAME.rs` says everything that is the rung's: its kernels, which
//! problems it takes and which adapters it suits, its tile, how its weights are packed, its calls, what it costs.
//!
//! [`Variant`] lists the rungs and tells them apart in one `match`. CONTRIBUTING tells how to add one. Those made of
//! subgroups and cooperative matrices, which browsers lack, are not for wasm32.

mod block;
mod block128;
mod block64;
mod call;
mod caps;
mod card;
#[cfg(not(target_arch = "wasm32"))]
mod coop;
#[cfg(not(target_arch = "wasm32"))]
mod coop16;
#[cfg(not(target_arch = "wasm32"))]
mod coop8;
mod cost;
mod depthwise;
mod direct;
mod guess;
mod ladder;
mod lanes;
mod launch;
mod load;
mod pack;
mod packed;
mod packed128;
mod packed64;
mod params;
mod problem;
mod rung;
mod shares;
mod split;
#[cfg(not(target_arch = "wasm32"))]
mod split_coop16;
#[cfg(not(target_arch = "wasm32"))]
mod split_coop8;
mod split_packed;
mod stem;
#[cfg(not(target_arch = "wasm32"))]
mod subgroup;
#[cfg(not(target_arch = "wasm32"))]
mod subgroup_few;
mod tiled;
mod vector;
mod winograd;
mod winograd2;
mod winograd4;

pub use call::{ConvCall, End, Places};
pub use caps::{Caps, Coop};
pub use card::CardClass;
pub use cost::Cost;
pub use ladder::Variant;
#[cfg(feature = "train")]
pub(crate) use pack::Layout;
pub use pack::{Sink, bias};
pub use params::{ConvParams, MAX_PARTS, PartAt};
pub use problem::Problem;
