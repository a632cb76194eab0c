//! `cargo xtask ci dawn`: Chrome's compiler of WGSL, in both precisions (browsers here have f32 alone). It wants a newer software driver than
//! Debian 12 has, which `xtask/isa/mesa.py` unpacks beside that.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::run::{self, command, root};

/// All texts through Tint.
pub fn run() -> Result<()> {
    let mesa = root().join("target/isa");
    let out = command("python3", &["xtask/isa/mesa.py"]).arg(&mesa).output().context("python3 cannot be started")?;
    let told = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    if !out.status.success() {
        let why = String::from_utf8_lossy(&out.stderr).trim().to_owned();
        if std::env::var_os("CI").is_some_and(|v| v == "true") {
            bail!("no software driver that Dawn takes: {why}");
        }
        println!(
            "SKIPPED: Dawn wants a software driver of Mesa 25, which comes from packages of Debian 12 for x86-64: {why}"
        );
        return Ok(());
    }
    let driver = Path::new(&told);
    let dawn = root().join("xtask/dawn");
    let mut npm = command("npm", &["ci", "--no-audit", "--no-fund"]);
    npm.current_dir(&dawn);
    run::run(npm)?;
    let description = mesa.join("llvmpipe.json");
    let library = driver.join("libvulkan_lvp.so");
    let text = format!(
        "{{\"file_format_version\": \"1.0.0\", \"ICD\": {{\"api_version\": \"1.4.305\", \"library_path\": {:?}}}}}\n",
        library.to_string_lossy()
    );
    fs::write(&description, text)?;
    let mut tint = run::cargo(&[run::suites(true).as_slice(), &["--test", "tint", "--", "--nocapture"]].concat());
    tint.env("VK_ICD_FILENAMES", &description).env("LD_LIBRARY_PATH", driver).env("YOLOV4_DAWN", &dawn);
    run::run(tint)
}
