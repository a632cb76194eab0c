//! `cargo xtask ci compilers`: compilers of the kernels' texts that are not naga's: Tint, which is Chrome's, and DXC, which is Direct3D 12's; and
//! the kernel problems played by Dawn, which brings Tint along, without a browser. What they need comes from npm, PyPI and Debian; where that
//! is not to be had, that is said.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    run::{self, command, root},
    web,
};

/// All texts through both, in f32 and f16 (browsers here have f32 alone), then the problems.
pub fn run() -> Result<()> {
    let mut suite =
        run::cargo(&[run::suites(true).as_slice(), &["--test", "shaders", "--", "--nocapture", "taken_by"]].concat());
    let mut found = false;
    if let Some(driver) = or_skip("Tint", llvmpipe())?.flatten() {
        npm()?;
        suite.env("YOLOV4_TINT", driver);
        found = true;
    }
    if let Some(library) = or_skip("DXC", dxc())?.flatten() {
        suite.env("YOLOV4_DXC", library);
        found = true;
    }
    if found {
        run::run(suite)?;
    }
    match or_skip("SwiftShader, for Dawn,", swiftshader())? {
        Some(driver) => dawn(&driver),
        None => Ok(()),
    }
}

/// What runs in Node.js.
fn npm() -> Result<()> {
    let mut npm = command("npm", &["ci", "--no-audit", "--no-fund"]);
    npm.current_dir(root().join("xtask/compilers"));
    run::run(npm)
}

/// The problem suite by Dawn in f32, on the driver that Chromium brings along: Debian 12's own llvmpipe is too old for Dawn, and a newer one takes
/// minutes for a single problem of what Tint writes.
fn dawn(driver: &Path) -> Result<()> {
    npm()?;
    // Chromium plays a third of them by the same Dawn, in `agreement` of `cargo xtask web --test`, which CI runs too.
    let every = if std::env::var_os("CI").is_some_and(|v| v == "true") { "4" } else { "1" };
    let mut node = command("node", &["dawn.mjs"]);
    node.arg(web::suite()?)
        .args(["f32", every])
        .current_dir(root().join("xtask/compilers"))
        .env("VK_ICD_FILENAMES", driver);
    run::run(node)
}

/// The description of Chromium's software driver.
fn swiftshader() -> Result<PathBuf> {
    let places = ["/usr/lib/chromium", "/usr/lib64/chromium-browser", "/opt/google/chrome"];
    let files = places.map(|place| Path::new(place).join("vk_swiftshader_icd.json"));
    let looked = files.each_ref().map(|file| file.display().to_string()).join(", ");
    files.into_iter().find(|file| file.exists()).with_context(|| format!("none of {looked} is there"))
}

/// Under CI=true what is missing is a failure.
fn or_skip<T>(what: &str, found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(e) if std::env::var_os("CI").is_some_and(|v| v == "true") => {
            Err(e.context(format!("{what} is not to be had")))
        }
        Err(e) => {
            println!("SKIPPED: {what} is not to be had: {e:#}");
            Ok(None)
        }
    }
}

/// The libraries of a software driver that Dawn takes (`None` on systems that there are no packages for), beside its description, `llvmpipe.json`: it wants a newer one than Debian 12 has.
fn llvmpipe() -> Result<Option<PathBuf>> {
    let work = root().join("target/isa");
    let out = command("python3", &["xtask/isa/mesa.py"]).arg(&work).output().context("python3 cannot be started")?;
    let why = String::from_utf8_lossy(&out.stderr).trim().to_owned();
    if out.status.code() == Some(ELSEWHERE) {
        println!("SKIPPED: Tint wants Mesa 25: {why}");
        return Ok(None);
    }
    if !out.status.success() {
        bail!("no Mesa 25: {why}");
    }
    let libraries = PathBuf::from(String::from_utf8_lossy(&out.stdout).trim());
    let library = libraries.join("libvulkan_lvp.so");
    let description = format!(
        "{{\"file_format_version\": \"1.0.0\", \"ICD\": {{\"api_version\": \"1.4.305\", \"library_path\": {:?}}}}}\n",
        library.to_string_lossy()
    );
    fs::write(libraries.with_file_name("llvmpipe.json"), description)?;
    Ok(Some(libraries))
}

/// As `xtask/isa/mesa.py` ends on a system that it has no packages for.
const ELSEWHERE: i32 = 3;

/// DXC's library (`None` on systems that there is none for), out of the sources of a Python package that brings it for Linux.
fn dxc() -> Result<Option<PathBuf>> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        println!("SKIPPED: DXC's library is for Linux on x86-64");
        return Ok(None);
    }
    const PACKAGE: &str = "compushady-0.17.5";
    let folder = root().join("target/dxc");
    let inside = format!("{PACKAGE}/compushady/backends/libdxcompiler_x86_64.so.3.7");
    let library = folder.join(&inside);
    if !library.exists() {
        fs::create_dir_all(&folder)?;
        let python = run::python(&root().join("target/compilers-venv"), "xtask/compilers/requirements.txt")?;
        let to = folder.to_string_lossy();
        let wanted = PACKAGE.replace("-", "==");
        run::run(command(
            &python,
            &["-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", &to, &wanted],
        ))?;
        let archive = folder.join(format!("{PACKAGE}.tar.gz"));
        run::run(command("tar", &["-xzf", &archive.to_string_lossy(), "-C", &to, &inside]))?;
    }
    fs::metadata(&library).with_context(|| library.display().to_string())?;
    Ok(Some(library))
}
