//! Child processes that say what they do and stop the job when they fail.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
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
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Builds `yolov4` and all tests; where the program is. Not by `cargo build`: tests ask the crates below for more features, and
/// the whole tower would be built twice.
pub fn program() -> Result<PathBuf> {
    run(cargo(&["test", "--release", "--workspace", "--no-run"]))?;
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
