//! Pictures from files, bytes and the `image` crate.

use std::{
    io::Cursor,
    path::{Path, PathBuf},
};

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbaImage, metadata::Orientation};

pub use crate::host::Picture;
use crate::{
    detect::{jpeg, other_files},
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

    /// Decodes the bytes of a picture file, turned as its EXIF orientation says.
    ///
    /// # Errors
    /// [`Error::Image`] if they cannot be decoded.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::decode(bytes, "the picture", true)
    }

    /// Decodes a picture in memory; `name` is for errors.
    ///
    /// # Errors
    /// [`Error::Image`] if it cannot be decoded.
    pub fn decode(bytes: &[u8], name: impl Into<PathBuf>, exif: bool) -> Result<Self> {
        let (picture, remark) = Self::decode_telling(bytes, name, exif)?;
        if let Some(remark) = remark {
            tracing::warn!("{remark}");
        }
        Ok(picture)
    }

    /// Decodes a picture in memory, and says what is odd about it but does not keep it from being seen; `name` is for errors.
    ///
    /// # Errors
    /// [`Error::Image`] if it cannot be decoded.
    pub fn decode_telling(bytes: &[u8], name: impl Into<PathBuf>, exif: bool) -> Result<(Self, Option<String>)> {
        let path = name.into();
        let fail = |message: String| Error::Image { path: path.clone(), message };
        if bytes.is_empty() {
            return Err(fail("is empty".into()));
        }
        let format = image::guess_format(bytes).ok();
        if let Some(other) = other_files::is(bytes).filter(|_| format.is_none_or(|format| !format.reading_enabled())) {
            return Err(fail(other));
        }
        if format != Some(ImageFormat::Jpeg) || jpeg::is_whole(bytes) {
            return Ok((Self::from(&decoded(bytes, exif).map_err(fail)?), None));
        }
        let ended = decoded(&jpeg::with_end(bytes, &[]), exif).ok();
        // If a row is missing, whatever comes behind is taken for a part of it.
        let same = |ended: &DynamicImage| decoded(&jpeg::with_end(bytes, &[0x2a; 64]), exif).is_ok_and(|d| d == *ended);
        let Some(ended) = ended.filter(same) else {
            return Err(fail("cannot be decoded: the file is cut off before its last row".into()));
        };
        let remark = format!("{}: ends without its end-of-image marker, but all rows are there", path.display());
        Ok((Self::from(&ended), Some(remark)))
    }
}

fn decoded(bytes: &[u8], exif: bool) -> std::result::Result<DynamicImage, String> {
    let broken = |e: image::ImageError| format!("cannot be decoded: {e}");
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string())?;
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
    Ok(decoded)
}

impl From<&DynamicImage> for Picture {
    /// 16-bit samples are cut to 8, as stb_image and so Darknet does, and OpenCV; alpha is dropped as it stands.
    fn from(decoded: &DynamicImage) -> Self {
        let (width, height) = (decoded.width() as usize, decoded.height() as usize);
        let rgba = match decoded {
            DynamicImage::ImageLuma16(_)
            | DynamicImage::ImageLumaA16(_)
            | DynamicImage::ImageRgb16(_)
            | DynamicImage::ImageRgba16(_) => {
                decoded.to_rgba16().into_raw().into_iter().map(|sample| (sample >> 8) as u8).collect()
            }
            _ => decoded.to_rgba8().into_raw(),
        };
        Self { width, height, rgba }
    }
}

impl TryFrom<Picture> for RgbaImage {
    type Error = Error;

    /// # Errors
    /// [`Error::Usage`] for a picture without pixels, or with too few of them.
    fn try_from(picture: Picture) -> Result<Self> {
        picture.check()?;
        let Picture { width, height, rgba } = picture;
        let image = u32::try_from(width).ok().zip(u32::try_from(height).ok());
        let image = image.and_then(|(width, height)| Self::from_raw(width, height, rgba));
        image.ok_or_else(|| Error::Usage(format!("a picture of {width} x {height} pixels is too large for an image")))
    }
}
