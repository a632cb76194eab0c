//! Files that are whole or not there, and a stdout that may be closed.

use std::{
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use yolov4::{
    Detection, Error, Picture, Result,
    low_level::{detect::draw, files},
};

use crate::advice::advice;

/// Writes `contents` beside `path` and renames it when it is whole.
///
/// # Errors
/// [`Error::Io`]; nothing is left behind then.
pub fn write(path: &Path, contents: &[u8]) -> Result<()> {
    files::write_whole(path, |file| file.write_all(contents)).map_err(Error::io(path))
}

/// Finds out before any work whether there is a place for a file.
///
/// # Errors
/// [`Error::Usage`] if there is a folder of that name; [`Error::Io`] if there is none to put it in.
pub fn check_file(file: &Path) -> Result<()> {
    if file.is_dir() {
        return Err(Error::Usage(format!("{}: is a folder; expected a file's name", file.display())));
    }
    check_parent(file)
}

/// Whether the folder that something is to be put in is there.
///
/// # Errors
/// [`Error::Io`]
pub fn check_parent(path: &Path) -> Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => std::fs::metadata(parent).map(drop).map_err(Error::io(parent)),
        None => Ok(()),
    }
}

/// Makes a folder unless it is there; its parent must be.
///
/// # Errors
/// [`Error::Io`]
pub fn folder(dir: &Path) -> Result<()> {
    match std::fs::create_dir(dir) {
        // Another shard may have made it a moment ago.
        Err(_) if dir.is_dir() => Ok(()),
        made => made.map_err(Error::io(dir)),
    }
}

/// Writes a copy of a picture with its boxes into `dir`, and says where.
///
/// # Errors
/// [`Error::Io`]
pub fn annotated(dir: &Path, name: &str, picture: &Picture, detections: &[Detection]) -> Result<PathBuf> {
    let target = dir.join(format!("{name}.png"));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::from(draw::draw(picture, detections)?)
        .to_rgb8()
        .write_to(&mut bytes, image::ImageFormat::Png)
        .map_err(|e| Error::Image { path: target.clone(), message: format!("cannot be encoded: {e}") })?;
    write(&target, bytes.get_ref())?;
    Ok(target)
}

/// Prints to stdout; a reader that has gone away is no error.
///
/// # Errors
/// [`Error::Io`], a full disk say.
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Error::io("stdout")),
    }
}

/// Says what went wrong, and what helps.
pub fn error(error: &Error) {
    say(format_args!("error: {error}"));
    advice(error).iter().for_each(|advice| say(format_args!("help: {advice}")));
}

/// The same about a file: its name comes first where the error does not have it.
pub fn error_of(file: &Path, error: &Error) {
    let (name, text) = (file.display().to_string(), error.to_string());
    if text.contains(&name) {
        return self::error(error);
    }
    say(format_args!("error: {name}: {text}"));
    advice(error).iter().for_each(|advice| say(format_args!("help: {advice}")));
}

/// A value as JSON for people to read, with a line's end; `what` it is, for the error.
///
/// # Errors
/// [`Error::Format`] if it cannot be written so.
pub fn json(what: &'static str, value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(value).map_err(Error::format(what, "JSON"))? + "\n")
}

/// To `path`, or to stdout.
///
/// # Errors
/// As the two above.
pub fn put(path: Option<&PathBuf>, text: &str) -> Result<()> {
    match path {
        Some(path) => write(path, text.as_bytes()),
        None => print(text),
    }
}

/// A line on stderr; one that is closed or full is no reason to stop.
pub fn say(line: std::fmt::Arguments<'_>) {
    // There is nowhere left to complain to.
    let _ = writeln!(std::io::stderr(), "{line}");
}
