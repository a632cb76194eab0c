//! A picture as Python hands it over.

use std::path::PathBuf;

use pyo3::{prelude::*, pybacked::PyBackedBytes};
use yolov4::{Picture, PixelFormat, Pixels, Result};

/// One picture.
#[derive(FromPyObject)]
pub enum RawInput {
    /// The bytes of a file.
    File(PyBackedBytes),
    /// Columns, rows, channels (3 or 4, red first) and their samples, row by row.
    Samples(usize, usize, usize, PyBackedBytes),
    /// Where a file is.
    Path(PathBuf),
}

impl RawInput {
    /// Its path, or nothing.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            _ => String::new(),
        }
    }

    /// Its pixels.
    ///
    /// # Errors
    /// [`yolov4::Error::Io`] or [`yolov4::Error::Image`] for what is no picture.
    pub fn decode(&self) -> Result<Picture> {
        match self {
            Self::Path(path) => Picture::open(path),
            Self::File(bytes) => Picture::from_bytes(bytes),
            Self::Samples(width, height, channels, samples) => {
                let format = if *channels == 4 { PixelFormat::Rgba8 } else { PixelFormat::Rgb8 };
                Pixels::new(*width, *height, format, samples).to_picture()
            }
        }
    }
}
