//! A frame of a video: any layout of 8-bit samples, interleaved or planar, full or subsampled chroma.

use std::time::Duration;

use web_time::Instant;

use crate::error::{Error, Result};

/// How the samples of a frame lie in memory. Rows follow each other without padding; where the chroma of an odd side is
/// halved, it is rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FrameFormat {
    /// Red, green, blue; 3 bytes a pixel.
    Rgb8,
    /// Red, green, blue and a byte that is ignored.
    Rgba8,
    /// Luma alone.
    Gray8,
    /// Y', Cb, Cr interleaved; 3 bytes a pixel.
    Ycbcr8,
    /// Planes Y', Cb, Cr; chroma at half width and half height.
    I420,
    /// Planes Y', Cb, Cr; chroma at half width.
    I422,
    /// Planes Y', Cb, Cr of one size.
    I444,
    /// Plane Y', then one of Cb and Cr in turn; half width and half height.
    Nv12,
    /// Y'0 Cb Y'1 Cr: 4 bytes for two pixels.
    Yuyv,
    /// One JPEG picture; decoded to [`FrameFormat::Ycbcr8`] (or gray) before it is uploaded.
    Mjpeg,
}

impl FrameFormat {
    /// As `yolov4 cameras` and the errors spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rgb8 => "rgb24",
            Self::Rgba8 => "rgba",
            Self::Gray8 => "gray",
            Self::Ycbcr8 => "ycbcr",
            Self::I420 => "yuv420p",
            Self::I422 => "yuv422p",
            Self::I444 => "yuv444p",
            Self::Nv12 => "nv12",
            Self::Yuyv => "yuyv422",
            Self::Mjpeg => "mjpeg",
        }
    }

    /// Pixels per chroma sample, across and down.
    pub const fn chroma(self) -> (usize, usize) {
        match self {
            Self::I420 | Self::Nv12 => (2, 2),
            Self::I422 | Self::Yuyv => (2, 1),
            Self::Rgb8 | Self::Rgba8 | Self::Gray8 | Self::Ycbcr8 | Self::I444 | Self::Mjpeg => (1, 1),
        }
    }

    /// Bytes of a frame of this size; none for [`FrameFormat::Mjpeg`], whose pictures differ.
    pub fn bytes(self, width: usize, height: usize) -> Option<usize> {
        let pixels = width.checked_mul(height)?;
        let (sx, sy) = self.chroma();
        let (cw, ch) = (width.div_ceil(sx), height.div_ceil(sy));
        match self {
            Self::Mjpeg => None,
            Self::Gray8 => Some(pixels),
            Self::Rgba8 => pixels.checked_mul(4),
            Self::Rgb8 | Self::Ycbcr8 | Self::I444 => pixels.checked_mul(3),
            Self::Yuyv => cw.checked_mul(4)?.checked_mul(height),
            Self::I420 | Self::I422 | Self::Nv12 => pixels.checked_add(2 * cw * ch),
        }
    }
}

/// Which primaries luma was weighed with (ITU-R BT.601-7 and BT.709-6, section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matrix {
    /// Standard definition, JPEG.
    #[default]
    Bt601,
    /// High definition.
    Bt709,
}

impl Matrix {
    /// Weights of red and blue in luma.
    pub const fn weights(self) -> (f64, f64) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
        }
    }

    /// What is meant where a file does not say: BT.709 from 720 lines up.
    pub const fn usual(height: usize) -> Self {
        if height >= 720 { Self::Bt709 } else { Self::Bt601 }
    }
}

/// Which bytes black and white are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    /// Luma 16 to 235, chroma 16 to 240: video.
    #[default]
    Limited,
    /// 0 to 255: JPEG, webcams.
    Full,
}

/// Where a chroma sample lies among the pixels that share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Siting {
    /// On the left one of a pair, between two rows: MPEG-2, H.264.
    #[default]
    Left,
    /// In the middle: JPEG, MPEG-1.
    Center,
}

/// How the samples become colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colour {
    /// Weights of luma.
    pub matrix: Matrix,
    /// Black and white.
    pub range: Range,
    /// Place of chroma.
    pub siting: Siting,
}

impl Colour {
    /// JPEG's (JFIF 1.02).
    pub const JPEG: Self = Self { matrix: Matrix::Bt601, range: Range::Full, siting: Siting::Center };
}

/// One frame of a video on the host.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Layout of `data`.
    pub format: FrameFormat,
    /// Meaning of the samples; of no account for RGB.
    pub colour: Colour,
    /// Planes one behind the other, rows without padding.
    pub data: Vec<u8>,
    /// When it is to be shown, from the start of the video.
    pub pts: Duration,
    /// When it was taken, or came in.
    pub captured: Instant,
}

impl Frame {
    /// Whether there are pixels, and as many bytes as the format wants.
    ///
    /// # Errors
    /// [`Error::Usage`]
    pub fn check(&self) -> Result<()> {
        let expected = self.format.bytes(self.width, self.height);
        if expected == Some(self.data.len()) && !self.data.is_empty() {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "a frame of {} x {} pixels in {}: expected {} bytes and at least one pixel, found {}",
            self.width,
            self.height,
            self.format.name(),
            expected.map_or_else(|| "another number of".into(), |n| n.to_string()),
            self.data.len()
        )))
    }
}
