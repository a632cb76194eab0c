//! What the SOURCE of a command line means, and the way to its frames.

use std::path::PathBuf;

use crate::{
    error::{Error, Result},
    video::{Pictures, Source},
};

/// Where frames come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// A camera: its number in `yolov4 cameras`, its path or its name; none is the first.
    Camera(Option<String>),
    /// An address: `rtsp://`, `http://`, ...
    Stream(String),
    /// y4m or MJPEG on standard input.
    Stdin,
    /// Pictures, one after the other.
    Pictures(Vec<PathBuf>),
    /// A video file, or a pipe with a name.
    File(PathBuf),
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
}

/// Opens a source.
///
/// # Errors
/// [`Error::Source`] or [`Error::Io`], with what to do about it.
pub fn open(spec: &Spec, _options: &OpenOptions) -> Result<Box<dyn Source>> {
    match spec {
        Spec::Pictures(paths) => Ok(Box::new(Pictures::new(paths.clone()))),
        other => Err(Error::source(format!("{other:?}"), "is not known yet")),
    }
}

impl Spec {
    /// stub
    ///
    /// # Errors
    /// none
    pub fn parse(text: Option<&str>) -> Result<Self> {
        Ok(Self::Pictures(text.map(PathBuf::from).into_iter().collect()))
    }
}
