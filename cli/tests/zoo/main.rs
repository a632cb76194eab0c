//! Networks by name: the table, the cache folder, and downloads from a server of the tests' own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "../../../tests/common/mod.rs"]
mod common;
mod library;
mod program;
mod server;
