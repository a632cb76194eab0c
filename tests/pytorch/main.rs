//! Checkpoints of PyTorch: files that it wrote, files that were made to do harm, files that are damaged; and the networks in them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "../common/mod.rs"]
mod common;
mod fixtures;
mod hostile;
mod mutations;
mod networks;
mod parts;
