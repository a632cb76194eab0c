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
    let named =
        |name: &str| if name.starts_with(|c: char| c.is_ascii_digit()) { format!(":{name}") } else { name.into() };
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(display) = which.map(named).or_else(|| set("DISPLAY")) else {
        return Err("there is no X11 display: $DISPLAY is not set; name one, as in `screen::0`");
    };
    if which.is_none() && set("WAYLAND_DISPLAY").is_some() {
        return Err(
            "a Wayland desktop shows its screen to nobody through X11; `screen::0` looks at XWayland all the same",
        );
    }
    Ok(("x11grab", display))
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
