//! The window of `yolov4 view`, driven from outside as a user would: a display of its own (Xvfb), a window manager
//! (openbox), keys, resizing and drops that come through the X server, and pictures of what is on the screen.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod boxes;
mod desktop;
mod drops;
mod keys;
mod life;
mod pictures;
mod processor;
mod screen;
mod viewer;

use std::path::{Path, PathBuf};

/// A file that comes with the program.
fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets").join(name)
}
