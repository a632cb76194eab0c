//! `cargo xtask ci`: what a change must pass besides the tests' own command.

use anyhow::Result;

use crate::{
    referee,
    run::{self, cargo, command},
};

/// Platforms that are type-checked from here; they are never run here.
const TARGETS: [&str; 2] = ["x86_64-pc-windows-msvc", "aarch64-apple-darwin"];

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
    add.push("wasm32-unknown-unknown");
    run::run(command("rustup", &add))?;
    for target in TARGETS {
        // Without `h264`, whose C++ would want a compiler of that platform.
        let features = ["--no-default-features", "--features", "cli"];
        run::run(cargo(&[["check", "--release", "--target", target].as_slice(), &features].concat()))?;
    }
    // What is for browsers only; it was built for the tests already.
    let web = ["-p", "yolov4-web", "-p", "yolov4-web-suite", "--target", "wasm32-unknown-unknown"];
    run::run(cargo(&[["clippy", "--release"].as_slice(), &web, &["--", "-D", "warnings"]].concat()))?;
    referee::run(false, false)
}
