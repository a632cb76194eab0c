//! `cargo xtask scenes`: the generator of street scenes, which is a program of its own so that nothing else waits for it.

use anyhow::Result;

use crate::run::{self, cargo};

/// Passes `arguments` on.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut scenes = generator();
    scenes.args(arguments);
    run::run(scenes)
}

/// The generator, ready for arguments.
pub fn generator() -> std::process::Command {
    cargo(&["run", "--release", "--quiet", "--package", "scenes", "--"])
}
