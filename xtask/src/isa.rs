//! `cargo xtask isa`: registers and instructions of the convolutions, by the compiler of cards that are not there.

use anyhow::Result;

use crate::run::{self, command, root};

/// Builds the program and runs `xtask/isa/statistics.py`: writes `benches/isa.md`, or compares with it.
pub fn run(check: bool) -> Result<()> {
    let (program, work, table) = (run::program(true)?, root().join("target/isa"), root().join("benches/isa.md"));
    let mut statistics = command("python3", &["xtask/isa/statistics.py"]);
    statistics.arg("--program").arg(program).arg("--work").arg(work).arg("--table").arg(table);
    if check {
        statistics.arg("--check");
    }
    run::run(statistics)
}
