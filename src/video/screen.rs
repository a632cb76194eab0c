//! The screen, through ffmpeg: each system has an input of its own for it.

use crate::{
    error::{Error, Result},
    video::{Source, ffmpeg::Ffmpeg},
};

/// Frames a second that are asked for: what changes faster is not looked at anyway.
const RATE: &str = "30";

/// What is on a screen, as often as there is time for it.
///
/// # Errors
/// [`Error::Source`] if there is no screen of that name, or ffmpeg cannot see it.
pub fn open(which: Option<&str>) -> Result<Box<dyn Source>> {
    let name = which.map_or_else(|| "the screen".into(), |which| format!("screen {which}"));
    let (system, input) = input(which).map_err(|why| Error::source(&name, why))?;
    let arguments = ["-f", system, "-framerate", RATE, "-i", input.as_str()];
    Ok(Box::new(Ffmpeg::live(&name, arguments)?))
}

/// The input of X11: a display, by default the one that windows open on.
#[cfg(not(any(windows, target_os = "macos")))]
fn input(which: Option<&str>) -> std::result::Result<(&'static str, String), &'static str> {
    let display = which.map(str::to_owned).or_else(|| std::env::var("DISPLAY").ok()).filter(|name| !name.is_empty());
    Ok(("x11grab", display.ok_or("is seen through X11, and $DISPLAY names no display: `screen::0` does")?))
}

/// The whole desktop, or the window of a title.
#[cfg(windows)]
fn input(which: Option<&str>) -> std::result::Result<(&'static str, String), &'static str> {
    Ok(("gdigrab", which.map_or_else(|| "desktop".into(), |title| format!("title={title}"))))
}

/// A screen by its number; the first is 0.
#[cfg(target_os = "macos")]
fn input(which: Option<&str>) -> std::result::Result<(&'static str, String), &'static str> {
    let number: usize = which.unwrap_or("0").parse().map_err(|_| "expected the number of a screen; the first is 0")?;
    Ok(("avfoundation", format!("Capture screen {number}:none")))
}
