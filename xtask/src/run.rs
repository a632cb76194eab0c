//! Child processes that say what they do and stop the job when they fail.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// The folder of the workspace.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, PathBuf::from)
}

/// A cargo command at the workspace's root.
pub fn cargo(args: &[&str]) -> Command {
    command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()), args)
}

/// Any command at the workspace's root.
pub fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// What was run so far, and how long it took.
static PARTS: Mutex<Vec<(String, Duration)>> = Mutex::new(Vec::new());

/// Notes how long a part of the job took.
pub fn took(part: &str, time: Duration) {
    PARTS.lock().unwrap_or_else(PoisonError::into_inner).push((part.to_owned(), time));
}

/// Prints how long each part of the job took; what took less than a second is not worth a line.
pub fn print_times() {
    let parts = PARTS.lock().unwrap_or_else(PoisonError::into_inner);
    let all: f64 = parts.iter().map(|(_, time)| time.as_secs_f64()).sum();
    println!("\ntime of each part, {all:.0} s in all:");
    for (part, time) in parts.iter().filter(|(_, time)| time.as_secs() > 0) {
        println!("{:>6.0} s  {part}", time.as_secs_f64());
    }
}

/// Runs a command; prints it before and its time after.
pub fn run(mut command: Command) -> Result<()> {
    let line = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|s| s.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ");
    println!("\n$ {line}");
    let start = Instant::now();
    let status = command.status().with_context(|| format!("`{line}` cannot be started"))?;
    println!("({:.0} s)", start.elapsed().as_secs_f64());
    took(&line, start.elapsed());
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// `cargo test` of the suites; with `all` for everything that the program can have. Without the door of wasm-bindgen, which is
/// built unoptimised for the page, and of which there is nothing to test.
pub fn suites(all: bool) -> Vec<&'static str> {
    let mut args = vec!["test", "--release", "--workspace", "--exclude", "yolov4-bindgen"];
    args.extend(all.then_some(["--features", "yolov4-cli/full"]).into_iter().flatten());
    args
}

/// Builds `yolov4` and all tests; where the program is. Not by `cargo build`: tests ask the crates below for more features, and
/// the whole tower would be built twice.
pub fn program(all: bool) -> Result<PathBuf> {
    run(cargo(&[suites(all).as_slice(), &["--no-run"]].concat()))?;
    Ok(root().join("target/release/yolov4"))
}

/// Whether a program can be started at all.
pub fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// The interpreter of a Python environment in `venv`, made if need be, with what `requirements` pins.
pub fn python(venv: &Path, requirements: &str) -> Result<String> {
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !python.exists() {
        run(command("python3", &["-m", "venv", &venv.to_string_lossy()]))?;
    }
    let python = python.to_string_lossy().into_owned();
    run(command(&python, &["-m", "pip", "install", "-q", "-r", requirements]))?;
    Ok(python)
}
