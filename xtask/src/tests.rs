//! `cargo xtask test`: the test command of the README.

use std::{
    io::{BufRead, BufReader, Read},
    process::Stdio,
    sync::mpsc::{Sender, channel},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{driver, python, run, web};

/// The tests, with `all` the long ones too, on an adapter that answers. Without one the kernel suites fail; they never pass
/// unseen. What was skipped and what failed is said once more at the end, where it is seen.
pub fn run(all: bool) -> Result<()> {
    driver::ensure(all)?;
    let mut skipped = Vec::new();
    // All of them: what has failed in the browsers is not to hide behind another.
    let both = |one: Result<()>, other: Result<()>| match (one, other) {
        (Err(one), Err(other)) => Err(other.context(one)),
        (one, other) => one.and(other),
    };
    // A driver in software compiles a kernel once and keeps it. This suite does that on all cores; whichever else came first would do it on one.
    let kernels = if all { native(all, &["--test", "kernels"], &mut vec![]) } else { Ok(()) };
    let native = both(kernels, native(all, &[], &mut skipped));
    let browsers = if web::can_test() {
        web::build().and_then(|()| web::test("", all))
    } else {
        skipped.push("the page and the npm package: there is no Node.js 20, npm or Chromium here".into());
        Ok(())
    };
    let python = if python::can_test() {
        python::test(all)
    } else if std::env::var_os("CI").is_some_and(|v| v == "true") {
        Err(anyhow::anyhow!("the Python package: there is no Python 3.9 with venv here"))
    } else {
        skipped.push("the Python package: there is no Python 3.9 with venv here".into());
        Ok(())
    };
    if !all {
        skipped.push("the long tests: `cargo xtask test --all` runs them too".into());
    }
    println!(
        "{}",
        if skipped.is_empty() { "nothing was skipped".into() } else { format!("{} skipped:", skipped.len()) }
    );
    skipped.iter().for_each(|line| println!("SKIPPED {line}"));
    both(both(native, browsers), python)
}

/// A line that cargo or a test has printed.
enum Line {
    Out(String),
    Err(String),
}

/// The suites of the workspace, or some of them.
fn native(all: bool, some: &[&str], skipped: &mut Vec<String>) -> Result<()> {
    let mut args: Vec<&str> = run::suites(all);
    args.extend(some);
    args.extend(["--no-fail-fast", "--", "--show-output"]);
    args.extend(all.then_some("--include-ignored"));
    println!("\n$ cargo {}", args.join(" "));
    let mut command = run::cargo(&args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("cargo cannot be started")?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (sender, lines) = channel();
    let other = sender.clone();
    let readers = [
        thread::spawn(move || pass_on(out, Line::Out, &sender)),
        thread::spawn(move || pass_on(err, Line::Err, &other)),
    ];
    // Cargo says which suite it starts on one stream, and the suite how it went on the other: whichever line comes first, the third
    // suite that begins is the third one that was started.
    let (mut started, mut begun, mut test) = (Vec::new(), 0_usize, String::new());
    let mut failed = Vec::new();
    for line in lines {
        match line {
            Line::Err(line) => {
                eprintln!("{line}");
                let words: Vec<&str> = line.split_whitespace().collect();
                if let ["Running", .., name, _] | ["Doc-tests", name] = words[..] {
                    started.push(name.to_owned());
                }
            }
            Line::Out(line) => {
                println!("{line}");
                begun += usize::from(begins(&line));
                let suite = started.get(begun.saturating_sub(1)).or(started.last()).map_or("", String::as_str);
                if let Some(name) = line.strip_prefix("---- ") {
                    name.split_whitespace().next().unwrap_or_default().clone_into(&mut test);
                }
                if let Some(name) = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED")) {
                    failed.push(format!("{suite} {name}"));
                }
                if let Some(why) = line.strip_prefix("SKIPPED: ") {
                    skipped.push(format!("{test}: {why}"));
                }
                let seconds =
                    line.rsplit_once("finished in ").and_then(|(_, time)| time.trim_end_matches('s').parse().ok());
                if let Some(seconds) = seconds.filter(|_| line.starts_with("test result: ")) {
                    run::took(suite, Duration::from_secs_f64(seconds));
                }
            }
        }
    }
    for reader in readers {
        let _ = reader.join();
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("these tests failed ({status}): {}", failed.join(", "));
    }
    Ok(())
}

/// Whether this is the line with which a suite begins: `running 3 tests`.
fn begins(line: &str) -> bool {
    let count = line.strip_prefix("running ").and_then(|rest| rest.split_once(" test"));
    count.is_some_and(|(count, _)| count.parse::<usize>().is_ok())
}

/// Sends every line of a stream on.
fn pass_on(stream: Option<impl Read>, wrap: fn(String) -> Line, to: &Sender<Line>) {
    let lines = stream.into_iter().flat_map(|stream| BufReader::new(stream).split(b'\n'));
    for line in lines.map_while(Result::ok) {
        // The other end goes only with this thread.
        let _ = to.send(wrap(String::from_utf8_lossy(&line).into_owned()));
    }
}
