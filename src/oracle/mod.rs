//! The CPU player: the definition of right. Naive loops, sums in f64, no cleverness, no dependencies. What an op computes stands
//! in its room ([`crate::ops`]), what comes before and after the network here; every such file is the twin of the kernels of that
//! name and may be read beside them.

pub mod decode;
pub mod letterbox;
pub mod nms;
mod play;
pub mod rank;
pub mod sort;
pub mod to_rgba;

pub use decode::decode;
pub use letterbox::letterbox;
pub use nms::nms;
pub use play::{Values, play, play_batch};
pub use rank::rank;
pub use to_rgba::to_rgba;
#[cfg(feature = "cpu")]
pub use to_rgba::to_rgba_row;
