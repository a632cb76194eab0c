//! `cargo xtask referee`: our results against those of programs that are not ours, in a Python environment of its own.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::run::{self, command, root};

/// Sets up the environment and runs `xtask/referee/run.py`.
pub fn run(quick: bool, full: bool) -> Result<()> {
    let Some(data) = std::env::var_os("YOLOV4_TEST_DATA").map(PathBuf::from) else {
        if std::env::var_os("CI").is_some_and(|v| v == "true") {
            bail!("YOLOV4_TEST_DATA is not set under CI=true");
        }
        println!("SKIPPED: the referees need YOLOV4_TEST_DATA");
        return Ok(());
    };
    let python = run::python(&root().join("target/referee-venv"), "xtask/referee/requirements.txt")?;
    let program = run::program(true)?;
    let mut referee = command(&python, &["xtask/referee/run.py"]);
    referee.arg("--yolov4").arg(program).arg("--data").arg(data);
    for (chosen, flag) in [(quick, "--quick"), (full, "--full")] {
        if chosen {
            referee.arg(flag);
        }
    }
    run::run(referee)
}
