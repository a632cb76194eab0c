//! What a detector looks at.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};

#[cfg(feature = "gpu")]
use crate::gpu::TextureView;
use crate::{
    error::{Error, Result},
    host::{Frame, Picture},
};

/// Anything that [`crate::Detector::detect`] finds objects in. There is a `From` for each.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// A picture file, decoded and turned as [`Picture::open`] does.
    Path(PathBuf),
    /// A picture on the host.
    Picture(Cow<'a, Picture>),
    /// A picture of the `image` crate; 16-bit samples are cut to 8, alpha is ignored.
    Image(&'a DynamicImage),
    /// Pixels in memory of the caller's.
    Pixels(Pixels<'a>),
    /// A frame of a video, in any layout of samples; the GPU makes pixels of it.
    Frame(&'a Frame),
    /// A texture of the device that the detector was given ([`crate::DetectorBuilder::device`]): it does not leave the GPU. Of two
    /// dimensions, one sample, RGBA or BGRA of 8 bits or wider, usage `TEXTURE_BINDING`; the view shows the values as they are stored
    /// (not as sRGB), from the first mip level on. The detector holds on to it until it has looked at something else.
    #[cfg(feature = "gpu")]
    Texture(&'a TextureView),
}

/// How the bytes of a pixel lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PixelFormat {
    /// Red, green, blue.
    Rgb8,
    /// Red, green, blue, and a byte that is ignored.
    Rgba8,
    /// Blue, green, red: OpenCV's.
    Bgr8,
    /// Blue, green, red, and a byte that is ignored.
    Bgra8,
    /// One byte.
    Gray8,
}

impl PixelFormat {
    /// Bytes of a pixel.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Rgb8 | Self::Bgr8 => 3,
            Self::Rgba8 | Self::Bgra8 => 4,
            Self::Gray8 => 1,
        }
    }

    /// Where red, green and blue are among them.
    const fn order(self) -> [usize; 3] {
        match self {
            Self::Rgb8 | Self::Rgba8 => [0, 1, 2],
            Self::Bgr8 | Self::Bgra8 => [2, 1, 0],
            Self::Gray8 => [0, 0, 0],
        }
    }
}

/// Borrowed pixels, 8 bits a channel, row by row from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pixels<'a> {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// How a pixel lies.
    pub format: PixelFormat,
    /// Bytes from one row to the next, at least `width` pixels.
    pub stride: usize,
    /// `height` rows; the last one may end with its last pixel.
    pub data: &'a [u8],
}

impl<'a> Pixels<'a> {
    /// Rows without padding.
    pub const fn new(width: usize, height: usize, format: PixelFormat, data: &'a [u8]) -> Self {
        Self { width, height, format, stride: width.saturating_mul(format.bytes()), data }
    }

    /// Rows that are `stride` bytes apart.
    #[must_use]
    pub const fn with_stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// A picture of them.
    ///
    /// # Errors
    /// [`Error::Usage`] if there are no pixels, the rows overlap, or bytes are missing.
    pub fn to_picture(&self) -> Result<Picture> {
        let Self { width, height, format, stride, data } = *self;
        let row = width.checked_mul(format.bytes()).filter(|row| *row > 0 && height > 0);
        let row = row.ok_or_else(|| Error::Usage(format!("{width} x {height} pixels: expected at least one")))?;
        if stride < row {
            return Err(Error::Usage(format!("rows of {width} pixels are {row} bytes, but {stride} bytes apart")));
        }
        let expected = stride.checked_mul(height - 1).and_then(|n| n.checked_add(row));
        if expected.is_none_or(|expected| data.len() < expected) {
            return Err(Error::Usage(format!(
                "{width} x {height} pixels of {} bytes, rows {stride} bytes apart: expected {} bytes, found {}",
                format.bytes(),
                expected.map_or_else(|| "too many".into(), |n| n.to_string()),
                data.len()
            )));
        }
        let [r, g, b] = format.order();
        let pixels = data.chunks(stride).take(height).flat_map(|line| line[..row].chunks_exact(format.bytes()));
        let mut rgba = Vec::with_capacity(width * height * 4);
        pixels.for_each(|pixel| rgba.extend([pixel[r], pixel[g], pixel[b], 255]));
        Ok(Picture { width, height, rgba })
    }
}

macro_rules! from {
    ($($type:ty => |$value:ident| $input:expr;)*) => {
        $(impl<'a> From<$type> for Input<'a> {
            fn from($value: $type) -> Self {
                $input
            }
        })*
    };
}

from! {
    &'a str => |path| Self::Path(path.into());
    String => |path| Self::Path(path.into());
    &'a String => |path| Self::Path(path.into());
    &'a Path => |path| Self::Path(path.into());
    &'a PathBuf => |path| Self::Path(path.clone());
    PathBuf => |path| Self::Path(path);
    Picture => |picture| Self::Picture(Cow::Owned(picture));
    &'a Picture => |picture| Self::Picture(Cow::Borrowed(picture));
    &'a DynamicImage => |image| Self::Image(image);
    &'a RgbImage => |image| Self::Pixels(Pixels::new(image.width() as usize, image.height() as usize, PixelFormat::Rgb8, image));
    &'a RgbaImage => |image| Self::Pixels(Pixels::new(image.width() as usize, image.height() as usize, PixelFormat::Rgba8, image));
    &'a GrayImage => |image| Self::Pixels(Pixels::new(image.width() as usize, image.height() as usize, PixelFormat::Gray8, image));
    Pixels<'a> => |pixels| Self::Pixels(pixels);
    &'a Frame => |frame| Self::Frame(frame);
}

#[cfg(feature = "gpu")]
from! {
    &'a TextureView => |view| Self::Texture(view);
}

/// An input as the players take it: files read, pixels in order.
#[derive(Debug)]
pub(super) enum PreparedInput<'a> {
    Picture(Cow<'a, Picture>),
    Frame(&'a Frame),
    #[cfg(feature = "gpu")]
    Texture(&'a TextureView),
}

/// An input with what detections name it.
#[derive(Debug)]
pub(super) struct NamedInput<'a> {
    pub name: String,
    pub input: PreparedInput<'a>,
}

impl<'a> NamedInput<'a> {
    /// Reads and converts what is not on the GPU.
    pub fn new(input: Input<'a>) -> Result<Self> {
        Ok(Self { name: input.name(), input: input.ready()? })
    }
}

impl<'a> Input<'a> {
    /// What detections name it: a file's path.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            _ => String::new(),
        }
    }

    /// Reads and converts what is not on the GPU.
    pub(super) fn ready(self) -> Result<PreparedInput<'a>> {
        let picture = match self {
            Self::Path(path) => Cow::Owned(Picture::open(path)?),
            Self::Picture(picture) => picture,
            Self::Image(image) => Cow::Owned(Picture::from(image)),
            Self::Pixels(pixels) => Cow::Owned(pixels.to_picture()?),
            Self::Frame(frame) => {
                frame.check()?;
                return Ok(PreparedInput::Frame(frame));
            }
            #[cfg(feature = "gpu")]
            Self::Texture(view) => return Ok(PreparedInput::Texture(view)),
        };
        picture.check()?;
        Ok(PreparedInput::Picture(picture))
    }
}

impl PreparedInput<'_> {
    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        match self {
            Self::Picture(picture) => (picture.width, picture.height),
            Self::Frame(frame) => (frame.width, frame.height),
            #[cfg(feature = "gpu")]
            Self::Texture(view) => (view.texture().width() as usize, view.texture().height() as usize),
        }
    }
}
