//! Sets to learn from: four kinds of them, what is wrong with them, how they are divided, and the anchors that fit them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod anchors;
mod bccd;
#[path = "../common/mod.rs"]
mod common;
mod formats;
mod place;
mod split;
mod wrong;
