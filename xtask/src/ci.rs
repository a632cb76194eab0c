//! `cargo xtask ci`: what a change must pass besides the tests' own command.

use anyhow::Result;

use crate::{
    referee,
    run::{self, cargo, command},
};

/// Platforms that are type-checked from here; they are never run here.
const TARGETS: [&str; 3] = ["x86_64-pc-windows-msvc", "aarch64-apple-darwin", "wasm32-unknown-unknown"];

/// Format, lints, docs, licences, other platforms, referees. The tests come first, by their own command (see `.ci/run`);
/// the mutants take a quarter of an hour and have a job of their own.
pub fn run() -> Result<()> {
    run::run(cargo(&["fmt", "--all", "--check"]))?;
    run::run(cargo(&["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut docs = cargo(&["doc", "--release", "--no-deps", "--workspace"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    run::run(docs)?;
    run::run(cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    let mut add = vec!["target", "add"];
    add.extend(TARGETS);
    run::run(command("rustup", &add))?;
    for target in TARGETS {
        let mut args = vec!["check", "--release", "--target", target, "--no-default-features", "--features"];
        // Without `h264`, whose C++ would want a compiler of that platform.
        args.extend(if target.starts_with("wasm32") { ["gpu", "--lib"].as_slice() } else { &["cli"] });
        run::run(cargo(&args))?;
    }
    referee::run(false, false)
}
