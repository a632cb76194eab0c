//! The kernel problems: small graphs, each made for some kernels, that an adapter plays and the CPU oracle checks, node by node. The tests of
//! the library, `yolov4 selftest`, and the suites of browsers and of Dawn play the same.
#![allow(
    clippy::unwrap_used,
    reason = "the problems are constants, and one that cannot be built is found by every test"
)]

pub mod checks;
mod net;
mod play;
pub mod problems;

pub use play::{Played, Round, play};
