//! Pictures from files, bytes and the `image` crate.

use std::{
    io::Cursor,
    path::{Path, PathBuf},
};

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, metadata::Orientation};

pub use crate::host::Picture;
use crate::{
    detect::jpeg,
    error::{Error, Result},
};

/// Longest side that is read: beyond it a file is more likely broken than a photograph.
const MAX_SIDE: u32 = 65_535;
/// Most bytes that decoding one picture may take.
const MAX_BYTES: u64 = 4 << 30;

impl Picture {
    /// Reads a picture file, turned as its EXIF orientation says.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Image`] if it cannot be decoded.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, true)
    }

    /// Reads a picture file; `exif`: turned as its EXIF orientation says (Darknet ignores it).
    ///
    /// # Errors
    /// As [`Picture::open`].
    pub fn open_with(path: impl AsRef<Path>, exif: bool) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        Self::decode(&bytes, path, exif)
    }

    /// Decodes a picture in memory; `name` is for errors.
    ///
    /// # Errors
    /// [`Error::Image`] if it cannot be decoded.
    pub fn decode(bytes: &[u8], name: impl Into<PathBuf>, exif: bool) -> Result<Self> {
        let path = name.into();
        let fail = |message: String| Error::Image { path: path.clone(), message };
        if bytes.is_empty() {
            return Err(fail("is empty".into()));
        }
        let broken = |e: image::ImageError| fail(format!("cannot be decoded: {e}"));
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| fail(e.to_string()))?;
        if reader.format() == Some(ImageFormat::Jpeg) && !jpeg::is_whole(bytes) {
            return Err(fail("cannot be decoded: the file is cut off before its end-of-image marker".into()));
        }
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_SIDE);
        limits.max_image_height = Some(MAX_SIDE);
        limits.max_alloc = Some(MAX_BYTES);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(broken)?;
        // EXIF that cannot be read turns nothing: the picture itself may be sound.
        let orientation = if exif { decoder.orientation().ok() } else { None };
        let mut decoded = DynamicImage::from_decoder(decoder).map_err(broken)?;
        decoded.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
        Ok(Self::from(&decoded))
    }
}

impl From<&DynamicImage> for Picture {
    /// 16-bit samples are rounded to 8, alpha is dropped as it stands.
    fn from(decoded: &DynamicImage) -> Self {
        let rgba = decoded.to_rgba8();
        Self { width: rgba.width() as usize, height: rgba.height() as usize, rgba: rgba.into_raw() }
    }
}
