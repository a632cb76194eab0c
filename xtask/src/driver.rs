//! An adapter for the tests: the machine's own, or Mesa's software Vulkan.

use anyhow::{Result, bail};

use crate::run::{command, exists, program, run};

/// Debian's packages: the software driver, the validator that the shader suite uses, ffmpeg to compare with, and a desktop
/// that nobody sees for the viewer's window.
const PACKAGES: [&str; 14] = [
    "mesa-vulkan-drivers",
    "libvulkan1",
    "spirv-tools",
    "ffmpeg",
    "xvfb",
    "openbox",
    "xdotool",
    "imagemagick",
    "python3-xlib",
    "libx11-xcb1",
    "libxcursor1",
    "libxi6",
    "libxrandr2",
    "libxkbcommon-x11-0",
];
/// Programs of theirs that the suites call.
const PROGRAMS: [&str; 6] = ["spirv-val", "ffmpeg", "Xvfb", "openbox", "xdotool", "import"];

/// What the page is built with and tried in: programs, and the packages that they are in.
const BROWSERS: [(&str, &str); 4] =
    [("node", "nodejs"), ("npm", "npm"), ("chromium", "chromium"), ("firefox-esr", "firefox-esr")];

/// Sees to it that an adapter answers and that there are browsers, installing both on Debian and its kin.
pub fn ensure(all: bool) -> Result<()> {
    let linux = cfg!(target_os = "linux");
    // Node.js may well be there from elsewhere: only what is missing.
    let mut packages: Vec<&str> =
        BROWSERS.iter().filter(|(program, _)| linux && !exists(program)).map(|(_, package)| *package).collect();
    if !answers(all)? || (linux && !PROGRAMS.iter().all(|program| exists(program))) {
        packages.extend(PACKAGES);
    }
    if packages.is_empty() {
        return Ok(());
    }
    if !linux {
        bail!("no GPU adapter answers: install the driver of your card");
    }
    let install = format!("apt-get install -y {}", packages.join(" "));
    let root = command("id", &["-u"]).output().is_ok_and(|o| o.stdout.trim_ascii() == b"0");
    if !exists("apt-get") || !root {
        let root_hint = "(or your system's packages of that kind)";
        if answers(all)? {
            // The suites that need what is missing say so, and are skipped.
            println!("not everything that the tests compare with is installed; as root: {install} {root_hint}");
            return Ok(());
        }
        bail!("no Vulkan driver answers; as root: {install} {root_hint}");
    }
    run(command("apt-get", &["update", "-q"]))?;
    let mut args = vec!["install", "-y", "-q", "--no-install-recommends"];
    args.extend(packages);
    run(command("apt-get", &args))?;
    if !answers(all)? {
        bail!("{install} went through, yet no adapter answers");
    }
    Ok(())
}

/// Asks the program itself, built for the tests that follow.
fn answers(all: bool) -> Result<bool> {
    let program = program(all)?;
    Ok(command(&program.to_string_lossy(), &["adapters"]).status()?.success())
}
