//! Darknet's yolo loss: its own deltas and costs, finite differences of the exact one, and what is odd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;
#[path = "../common/mod.rs"]
mod data;
mod edges;
mod exact;
mod fixture;
mod properties;
mod scaled;
