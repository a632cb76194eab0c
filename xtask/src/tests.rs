//! `cargo xtask test`: the test command of the README.

use anyhow::Result;

use crate::{driver, run};

/// Every test on an adapter that answers. Without one the kernel suites fail; they never pass unseen.
pub fn run() -> Result<()> {
    driver::ensure()?;
    if std::env::var_os("YOLOV4_TEST_DATA").is_none() {
        println!("YOLOV4_TEST_DATA is not set: tests on trained networks and photos say SKIPPED and pass");
    }
    run::run(run::cargo(&["test", "--release", "--workspace"]))
}
