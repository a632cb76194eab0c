//! `cargo xtask web`: the wasm module, the npm package and the page, from sources to `target/web`; serves and tests them.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use crate::run::{self, cargo, command, exists, root};

const TARGET: &str = "wasm32-unknown-unknown";
/// Of wasm-opt.
const OPTIONS: [&str; 2] = ["-Oz", "--strip-producers"];
/// Of WebAssembly, beyond its first version.
const FEATURES: [&str; 8] = [
    "bulk-memory",
    "bulk-memory-opt",
    "multivalue",
    "mutable-globals",
    "nontrapping-float-to-int",
    "reference-types",
    "sign-ext",
    // Of the module for processors alone; the other has nothing that would use it.
    "simd",
];

/// What it takes.
#[derive(clap::Args)]
pub struct WebArgs {
    /// Serve the page on this machine
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "8080")]
    serve: Option<u16>,
    /// Run the tests in browsers; only files whose name contains this
    #[arg(long, value_name = "FILTER", num_args = 0..=1, default_missing_value = "")]
    test: Option<String>,
}

/// Builds, then serves or tests if that is asked for.
pub fn run(args: &WebArgs) -> Result<()> {
    build()?;
    if let Some(filter) = &args.test {
        test(filter, true)?;
    }
    match args.serve {
        Some(port) => run::run(node(&["serve.mjs", "../target/web/site", &port.to_string()])),
        None => Ok(()),
    }
}

/// Everything below `target/web`.
pub fn build() -> Result<()> {
    packages()?;
    suite()?;
    let out = root().join("target/web");
    let built = |path: &str| root().join("target").join(path);
    let web = built(&format!("{TARGET}/web/yolov4_web.wasm"));
    // One file after the other: both are called so.
    for (stem, features) in [("yolov4", "webgpu"), ("yolov4_train", "training")] {
        wasm("yolov4-web", &["--no-default-features", "--features", features])?;
        module(&web, &out.join("wasm"), stem, true)?;
    }
    // Its own folder: with other flags everything is another build.
    let mut cpu = cargo(&["build", "--profile", "web-cpu", "-p", "yolov4-web", "--target", TARGET]);
    cpu.args(["--no-default-features", "--features", "cpu", "--target-dir", "target/web-cpu"]);
    cpu.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-C target-feature=+simd128");
    run::run(cpu)?;
    let cpu = format!("web-cpu/{TARGET}/web-cpu/yolov4_web.wasm");
    module(&built(&cpu), &out.join("wasm"), "yolov4_cpu", true)?;
    run::run(node(&["build.mjs"]))
}

/// The kernel problems, compiled to wasm: the folder they lie in.
pub fn suite() -> Result<PathBuf> {
    run::run(command("rustup", &["target", "add", TARGET]))?;
    // Unoptimised: it takes a minute less to build, and a second longer to run.
    run::run(cargo(&["build", "-p", "yolov4-bindgen"]))?;
    wasm("yolov4-web-suite", &[])?;
    let (built, out) = (format!("target/{TARGET}/web/yolov4_web_suite.wasm"), root().join("target/web/suite"));
    // Only tests see it: it need not be small.
    module(&root().join(built), &out, "suite", false)?;
    Ok(out)
}

fn wasm(crate_name: &str, features: &[&str]) -> Result<()> {
    run::run(cargo(
        &[["build", "--profile", "web", "-p", crate_name, "--target", TARGET].as_slice(), features].concat(),
    ))
}

/// Suites that take minutes each.
const LONG: [&str; 8] = [
    "agreement",
    "firefox",
    "package-browser",
    "package-teach",
    "page-corners",
    "page-failures",
    "page-models",
    "page-teach",
];

/// The suites in browsers, by node's own runner; with `all` the long ones too.
pub fn test(filter: &str, all: bool) -> Result<()> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join("web/tests"))?.filter_map(|e| e.ok().map(|e| e.path())).collect();
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let long = LONG.iter().any(|long| name.strip_suffix(".test.mjs") == Some(long));
        name.ends_with(".test.mjs") && name.contains(filter) && (all || !long)
    });
    ensure!(!files.is_empty(), "no test file has `{filter}` in its name");
    // Two files at a time: each keeps one core busy, for the software GPU builds kernels in one thread. Node takes them by name,
    // whatever order they are given in: `agreement`, the longest, is called so that it does not run alone at the end.
    let mut tests = node(&["--test", "--test-concurrency=2", "--test-reporter=spec"]);
    tests.args(files);
    run::run(tests)
}

/// Whether there is what the build and the tests need besides Rust. Under CI=true it is an error if there is not.
pub fn can_test() -> bool {
    // As the tests do: another Chromium may be named.
    let chromium = || std::env::var("CHROMIUM").map_or_else(|_| exists("chromium"), |program| exists(&program));
    std::env::var_os("CI").is_some_and(|v| v == "true") || (can_build() && chromium())
}

fn can_build() -> bool {
    exists("node") && exists("npm")
}

fn node(args: &[&str]) -> std::process::Command {
    let mut node = command("node", args);
    node.current_dir(root().join("web"));
    node
}

/// The packages of `web/package-lock.json`, unless they are there.
fn packages() -> Result<()> {
    ensure!(can_build(), "the page is built with Node.js 20 or later and npm: install them first");
    let web = root().join("web");
    let lock = fs::read(web.join("package-lock.json")).context("web/package-lock.json")?;
    let seen = web.join("node_modules/.lock");
    if fs::read(&seen).is_ok_and(|old| old == lock) {
        return Ok(());
    }
    let mut install = command("npm", &["ci", "--no-audit", "--no-fund"]);
    // Browsers are the system's.
    install.current_dir(&web).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").env("PUPPETEER_SKIP_DOWNLOAD", "1");
    run::run(install)?;
    Ok(fs::write(seen, lock)?)
}

/// rustc's file to a module that browsers load; made small if `small`. Not made again from the same file by the same
/// tools.
fn module(input: &Path, out: &Path, stem: &str, small: bool) -> Result<()> {
    let bindgen = root().join("target/debug").join(format!("yolov4-bindgen{}", std::env::consts::EXE_SUFFIX));
    let mut hash = DefaultHasher::new();
    // The lock file knows wasm-opt's version.
    for file in [input, &bindgen, &root().join("web/package-lock.json")] {
        fs::read(file).with_context(|| file.display().to_string())?.hash(&mut hash);
    }
    (OPTIONS, FEATURES, small).hash(&mut hash);
    let (mark, made) = (out.join(format!(".{stem}.made-from")), format!("{:016x}", hash.finish()));
    if fs::read_to_string(&mark).is_ok_and(|old| old == made) {
        return Ok(());
    }
    fs::create_dir_all(out)?;
    // From here on the folder is in between: if a step fails, the next run does not take it for finished.
    if mark.exists() {
        fs::remove_file(&mark)?;
    }
    let mut make = command(&bindgen.to_string_lossy(), &["--stem", stem, "--out"]);
    make.arg(out).arg(input);
    run::run(make)?;
    if small {
        let wasm = out.join(format!("{stem}_bg.wasm"));
        let optimiser = root().join("web/node_modules/.bin/wasm-opt");
        if !optimiser.exists() {
            bail!("{}: is not there; remove web/node_modules and try again", optimiser.display());
        }
        let mut shrink = command(&optimiser.to_string_lossy(), &OPTIONS);
        // What every browser has that can load them, and rustc uses.
        shrink.args(FEATURES.map(|feature| format!("--enable-{feature}"))).arg("-o").arg(&wasm).arg(&wasm);
        run::run(shrink)?;
    }
    Ok(fs::write(mark, made)?)
}
