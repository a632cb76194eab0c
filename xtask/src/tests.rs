//! `cargo xtask test`: the test command of the README.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use anyhow::{Context, Result, bail};

use crate::{driver, run, web};

/// Every test on an adapter that answers. Without one the kernel suites fail; they never pass unseen. What was skipped is
/// said once more at the end, where it is seen.
pub fn run() -> Result<()> {
    driver::ensure()?;
    let mut command = run::cargo(&["test", "--release", "--workspace", "--", "--show-output"]);
    println!("\n$ cargo test --release --workspace -- --show-output");
    let mut child = command.stdout(Stdio::piped()).spawn().context("cargo cannot be started")?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    let (mut test, mut skipped) = (String::new(), Vec::new());
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        if let Some(name) = line.strip_prefix("---- ") {
            name.split_whitespace().next().unwrap_or_default().clone_into(&mut test);
        }
        if let Some(why) = line.strip_prefix("SKIPPED: ") {
            skipped.push(format!("{test}: {why}"));
        }
        println!("{line}");
    }
    let status = child.wait()?;
    let browsers = if web::can_test() {
        web::build().and_then(|()| web::test(""))
    } else {
        skipped.push("the page and the npm package: there is no Node.js 20, npm or Chromium here".into());
        Ok(())
    };
    println!(
        "{} skipped",
        if skipped.is_empty() { "no test was".into() } else { format!("{} tests were", skipped.len()) }
    );
    skipped.iter().for_each(|line| println!("SKIPPED {line}"));
    if !status.success() {
        bail!("the tests failed: {status}");
    }
    browsers
}
