//! What the SOURCE of a command line means, and what is asked of it.

use std::path::{Path, PathBuf};

use crate::{
    error::{Error, Result},
    video::paths,
};

/// Where frames come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// A camera: its number in `yolov4 cameras`, its path or its name; none is the first. A pipe with a name is one too,
    /// whose writers may go and come.
    Camera(Option<String>),
    /// An address: `rtsp://`, `http://`, ...; or `lavfi:` and a filter graph of ffmpeg's, to try things out.
    Stream(String),
    /// The screen: an X11 display by its name, a Windows window by its title, a screen of macOS by its number; none is the usual one.
    Screen(Option<String>),
    /// y4m or MJPEG on standard input.
    Stdin,
    /// Pictures, one after the other.
    Pictures(Vec<PathBuf>),
    /// A video file, or a pipe with a name.
    File(PathBuf),
}

impl Spec {
    /// Nothing, a number, `/dev/video*` or `camera:NAME` is a camera; `screen` or `screen:NAME` is what is on it; `-` is standard input; `SCHEME://` and `lavfi:` are
    /// streams; a folder, a glob or a picture's name is pictures; anything else is a file.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Usage`] for a folder or glob without pictures.
    pub fn parse(text: Option<&str>) -> Result<Self> {
        let Some(text) = text else { return Ok(Self::Camera(None)) };
        if let Some(name) = text.strip_prefix("camera:") {
            return Ok(Self::Camera((!name.is_empty()).then(|| name.into())));
        }
        let number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        if number || text.starts_with("/dev/video") {
            return Ok(Self::Camera(Some(text.into())));
        }
        if let Some(name) = text.strip_prefix("screen:") {
            return Ok(Self::Screen((!name.is_empty()).then(|| name.into())));
        }
        if text == "screen" && !Path::new(text).exists() {
            return Ok(Self::Screen(None));
        }
        if text == "-" {
            return Ok(Self::Stdin);
        }
        let word = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let scheme = text.split_once("://").is_some_and(|(s, _)| !s.is_empty() && s.chars().all(word));
        if scheme || text.starts_with("lavfi:") {
            return Ok(Self::Stream(text.into()));
        }
        let path = PathBuf::from(text);
        let pictures = path.is_dir() || paths::names_a_picture(&path) || !path.exists() && paths::is_pattern(&path);
        if !pictures {
            return Ok(Self::File(path));
        }
        let found = paths::expand(std::slice::from_ref(&path))?;
        match found.as_slice() {
            [one] if !paths::names_a_picture(one) => Ok(Self::File(one.clone())),
            all => match all.iter().find(|p| !paths::names_a_picture(p)) {
                Some(other) => Err(Error::Usage(format!(
                    "{text}: expected pictures or one video, found {} and {} more files",
                    other.display(),
                    all.len() - 1
                ))),
                None => Ok(Self::Pictures(found)),
            },
        }
    }
}

/// What is asked of a camera.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CameraMode {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Frames per second.
    pub fps: Option<f64>,
}

/// How a source is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OpenOptions {
    /// Of a camera; otherwise its own choice.
    pub camera: Option<CameraMode>,
    /// Pictures as they lie in their files, whatever their EXIF orientation says.
    pub no_exif: bool,
}
