//! The Python package: a wheel, and its tests on it as somebody has installed it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::run::{self, command, root};

/// Most bytes of a wheel.
const WHEEL_LIMIT: u64 = 20_000_000;

/// Whether there is a Python that can make environments.
pub fn can_test() -> bool {
    command("python3", &["-c", "import ensurepip, venv"]).output().is_ok_and(|out| out.status.success())
}

/// Builds the wheel and tests it, beside the program (with `all` of what that can have): in an environment with numpy and Pillow alone, then
/// beside those it works with, Ray and supervision.
pub fn test(all: bool) -> Result<()> {
    let wheel = wheel()?;
    let program = run::program(all)?;
    let data = std::env::var_os("YOLOV4_TEST_DATA").map(PathBuf::from);
    for (name, requirements, tests) in [
        ("python-venv", "python/requirements-test.txt", "python/tests/test_yolov4.py"),
        ("integrations-venv", "python/requirements-integrations.txt", "python/tests/integrations"),
    ] {
        let python = run::python(&root().join("target").join(name), requirements)?;
        let install = ["-m", "pip", "install", "-q", "--force-reinstall", "--no-deps", &wheel.to_string_lossy()];
        run::run(command(&python, &install))?;
        let mut pytest =
            command(&python, &["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--durations=5", tests]);
        pytest.env("YOLOV4_PROGRAM", &program).env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(data) = &data {
            pytest.env("YOLOV4_TEST_DATA", data);
        }
        run::run(pytest)?;
    }
    Ok(())
}

/// A wheel of this platform, for every CPython from 3.9 on.
fn wheel() -> Result<PathBuf> {
    let python = run::python(&root().join("target/maturin-venv"), "python/requirements-build.txt")?;
    let folder = root().join("target/wheels");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let out = folder.to_string_lossy().into_owned();
    run::run(command(&python, &["-m", "maturin", "build", "--release", "-m", "python/Cargo.toml", "--out", &out]))?;
    let mut wheels = fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let wheel = wheels.find(|path| path.extension().is_some_and(|e| e == "whl")).context("maturin built no wheel")?;
    check(&wheel)?;
    Ok(wheel)
}

fn check(wheel: &Path) -> Result<()> {
    let (name, bytes) = (wheel.display(), fs::metadata(wheel)?.len());
    if !wheel.to_string_lossy().contains("-cp39-abi3-") {
        bail!("{name}: expected a wheel for every CPython from 3.9 on");
    }
    if bytes > WHEEL_LIMIT {
        bail!("{name}: {bytes} bytes, expected {WHEEL_LIMIT} at most");
    }
    println!("{name}: {:.1} MB", bytes as f64 / 1e6);
    Ok(())
}
