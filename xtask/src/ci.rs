//! `cargo xtask ci`: what a change must pass besides the tests' own command.

use anyhow::Result;
use clap::ValueEnum;

use crate::{
    compilers, referee,
    run::{self, cargo, command},
};

/// Platforms that are type-checked from here; they are never run here.
const TARGETS: [&str; 2] = ["x86_64-pc-windows-msvc", "aarch64-apple-darwin"];
const WASM: &str = "wasm32-unknown-unknown";

/// One of the things that a change must pass. The tests come first, by their own command (see `.ci/run`); the mutants take a
/// quarter of an hour and have a job of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CiPart {
    /// Format, lints and docs
    Lint,
    /// Licences and sources of the crates
    Deny,
    /// Other platforms, the browser's included, and the library by itself
    Cross,
    /// Programs that are not ours
    Referee,
    /// Every kernel's text through Chrome's compiler and Direct3D 12's; the kernel problems on Chrome's WebGPU without a browser
    Compilers,
}

/// The parts that are named, or all.
pub fn run(parts: &[CiPart]) -> Result<()> {
    let wanted = if parts.is_empty() { CiPart::value_variants() } else { parts };
    for part in wanted {
        match part {
            CiPart::Lint => lint()?,
            CiPart::Deny => run::run(cargo(&["deny", "check", "bans", "licenses", "sources"]))?,
            CiPart::Cross => cross()?,
            CiPart::Referee => referee::run(false, false)?,
            CiPart::Compilers => compilers::run()?,
        }
    }
    Ok(())
}

fn lint() -> Result<()> {
    run::run(cargo(&["fmt", "--all", "--check"]))?;
    let full = ["--release", "--workspace", "--features", "yolov4-cli/full"];
    run::run(cargo(&[["clippy"].as_slice(), &full, &["--all-targets", "--", "-D", "warnings"]].concat()))?;
    let mut docs = cargo(&[["doc", "--no-deps"].as_slice(), &full].concat());
    docs.env("RUSTDOCFLAGS", "-D warnings");
    run::run(docs)
}

fn cross() -> Result<()> {
    // What a user of the library builds, whom the features of the program do not help; and the least there is.
    for features in [[].as_slice(), &["--no-default-features"]] {
        run::run(cargo(&[["check", "--release", "-p", "yolov4-wgpu"].as_slice(), features].concat()))?;
    }
    run::run(command("rustup", &[["target", "add"].as_slice(), &TARGETS, &[WASM]].concat()))?;
    for target in TARGETS {
        // Without `h264`, whose C++ would want a compiler of that platform.
        run::run(cargo(&["check", "--release", "--target", target, "-p", "yolov4-cli"]))?;
    }
    // What is for browsers only: with a GPU, without, and to train.
    let gpu = ["-p", "yolov4-web", "-p", "yolov4-web-suite", "--target", WASM];
    let other = |features| ["-p", "yolov4-web", "--no-default-features", "--features", features, "--target", WASM];
    for web in [gpu.as_slice(), &other("cpu"), &other("training")] {
        run::run(cargo(&[["clippy", "--release"].as_slice(), web, &["--", "-D", "warnings"]].concat()))?;
    }
    Ok(())
}
