//! `cargo xtask mutants`: every patch in `tests/mutants` breaks one thing on purpose, and the suite it names must then
//! go red. A patch that no longer applies, or that its suite survives, fails the job; so does a suite that is red without
//! any patch, for it would kill everything.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::run::{cargo, root};

/// Applies, tests and reverts one patch after the other in a copy of the tree.
pub fn run(only: &str) -> Result<()> {
    let mut patches: Vec<PathBuf> =
        fs::read_dir(root().join("tests/mutants"))?.filter_map(|e| e.ok().map(|e| e.path())).collect();
    patches.retain(|p| p.extension().is_some_and(|e| e == "patch") && p.to_string_lossy().contains(only));
    patches.sort();
    if patches.is_empty() {
        bail!("there are no mutants to run");
    }
    let copy = Copy::new()?;
    let suites = patches.iter().map(|patch| suite(patch)).collect::<Result<BTreeSet<_>>>()?;
    for suite in suites {
        let start = Instant::now();
        if copy.play(&suite)? != "SURVIVED" {
            bail!("`{suite}` is red, or runs no test, without any mutant");
        }
        println!("green without mutants, {:>4.0} s: {suite}", start.elapsed().as_secs_f64());
    }
    let mut survivors = Vec::new();
    for patch in &patches {
        let name = patch.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let start = Instant::now();
        let verdict = copy.try_mutant(patch).with_context(|| format!("mutant {name}"))?;
        println!("{:<32} {verdict:<12} {:>5.0} s", name, start.elapsed().as_secs_f64());
        if verdict != "killed" {
            survivors.push(name);
        }
    }
    if !survivors.is_empty() {
        bail!("not killed: {}", survivors.join(", "));
    }
    println!("{} mutants, all killed", patches.len());
    Ok(())
}

/// One build for all suites: another set of features would compile everything anew.
const BUILD: &[&str] = &["--profile", "mutants", "--package", "yolov4-wgpu", "--package", "yolov4-cli"];

/// The arguments of `cargo test` that a patch names.
fn suite(patch: &Path) -> Result<String> {
    let text = fs::read_to_string(patch)?;
    let line = text.lines().find_map(|l| l.strip_prefix("# suite: "));
    line.map(str::to_owned).with_context(|| format!("{}: expected a line `# suite: ...`", patch.display()))
}

/// How many tests passed, by the last line of each program that ran some: a filter may leave one without any.
fn passed(stdout: &str) -> usize {
    let results = stdout.lines().filter_map(|line| line.strip_prefix("test result: ok. "));
    results.filter_map(|rest| rest.split(' ').next()?.parse::<usize>().ok()).sum()
}

/// A copy of the tracked and new files, with a target folder that lives from run to run.
struct Copy {
    tree: PathBuf,
}

impl Copy {
    fn new() -> Result<Self> {
        let tree = root().join("target/mutants/tree");
        if tree.exists() {
            fs::remove_dir_all(&tree)?;
        }
        let listed = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(root())
            .output()?;
        for file in String::from_utf8(listed.stdout)?.lines() {
            let (from, to) = (root().join(file), tree.join(file));
            if !from.is_file() {
                continue;
            }
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::copy(&from, &to).with_context(|| file.to_owned())?;
        }
        Ok(Self { tree })
    }

    fn try_mutant(&self, patch: &Path) -> Result<&'static str> {
        let suite = suite(patch)?;
        if !self.patch(patch, false)? {
            return Ok("STALE");
        }
        let verdict = self.play(&suite)?;
        if !self.patch(patch, true)? {
            bail!("cannot be taken back");
        }
        Ok(verdict)
    }

    /// What a suite says of the copy as it stands.
    fn play(&self, suite: &str) -> Result<&'static str> {
        let mut test = cargo(&["test", "--quiet", "--features", "yolov4-cli/full"]);
        // The long tests too: some faults only they see.
        test.args(BUILD).args(suite.split_whitespace()).args(["--", "--include-ignored"]).current_dir(&self.tree);
        test.env("CARGO_TARGET_DIR", root().join("target/mutants/build")).env_remove("CARGO_INCREMENTAL");
        let output = test.stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Ok(if stderr.contains("could not compile") {
            "NO BUILD"
        } else if output.status.success() && passed(&stdout) > 0 {
            "SURVIVED"
        } else if stdout.contains("test result: FAILED") {
            "killed"
        } else {
            "NO TEST"
        })
    }

    fn patch(&self, patch: &Path, reverse: bool) -> Result<bool> {
        let mut command = Command::new("patch");
        command.args(["-p1", "--quiet", "--force", "--no-backup-if-mismatch", "-i"]).arg(patch).current_dir(&self.tree);
        if reverse {
            command.arg("-R");
        }
        Ok(command.stdout(Stdio::null()).status().context("the program `patch` is needed")?.success())
    }
}
