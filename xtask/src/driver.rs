//! An adapter for the tests: the machine's own, or Mesa's software Vulkan.

use anyhow::{Result, bail};

use crate::run::{cargo, command, exists, run};

/// Debian's packages: the software driver, and the validator that the shader suite uses.
const PACKAGES: [&str; 3] = ["mesa-vulkan-drivers", "libvulkan1", "spirv-tools"];

/// Sees to it that an adapter answers, installing the software driver on Debian and its kin.
pub fn ensure() -> Result<()> {
    if answers()? && (exists("spirv-val") || !cfg!(target_os = "linux")) {
        return Ok(());
    }
    if !cfg!(target_os = "linux") {
        bail!("no GPU adapter answers: install the driver of your card");
    }
    let install = format!("apt-get install -y {}", PACKAGES.join(" "));
    let root = command("id", &["-u"]).output().is_ok_and(|o| o.stdout.trim_ascii() == b"0");
    if !exists("apt-get") || !root {
        bail!("a Vulkan driver or spirv-val is missing; as root: {install} (or your system's packages of that kind)");
    }
    run(command("apt-get", &["update", "-q"]))?;
    let mut args = vec!["install", "-y", "-q", "--no-install-recommends"];
    args.extend(PACKAGES);
    run(command("apt-get", &args))?;
    if !answers()? {
        bail!("{install} went through, yet no adapter answers");
    }
    Ok(())
}

/// Asks the program itself.
fn answers() -> Result<bool> {
    run(cargo(&["build", "--release"]))?;
    Ok(cargo(&["run", "--release", "--quiet", "--", "adapters"]).status()?.success())
}
