//! Video frames to RGB pixels: any layout of 8-bit samples, interleaved or planar, full or subsampled chroma.

use std::time::Duration;

use web_time::Instant;

use crate::{
    error::{Error, Result},
    kernels::{Bind, Binding, Dispatch, Kernel, part},
};

/// How the samples of a frame lie in memory. Rows follow each other without padding; where the chroma of an odd side is
/// halved, it is rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
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
    /// One JPEG picture; decoded to [`Format::Ycbcr8`] (or gray) before it is uploaded.
    Mjpeg,
}

impl Format {
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

    /// Bytes of a frame of this size; none for [`Format::Mjpeg`], whose pictures differ.
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
    pub format: Format,
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

    /// The kernel's parameters.
    pub fn params(&self) -> ToRgbaParams {
        ToRgbaParams::new(self.width, self.height, self.format, self.colour)
    }
}

/// The uniform buffer; field by field as in `shaders/to_rgba.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct ToRgbaParams {
    /// Columns and rows of the frame.
    pub size: [u32; 2],
    /// Columns and rows of its chroma.
    pub chroma: [u32; 2],
    /// Of the first component: first byte, bytes from row to row, bytes from sample to sample; 0.
    pub first: [u32; 4],
    /// Of the second.
    pub second: [u32; 4],
    /// Of the third.
    pub third: [u32; 4],
    /// Red from the three components (0 to 255) and 1.
    pub red: [f32; 4],
    /// Green.
    pub green: [f32; 4],
    /// Blue.
    pub blue: [f32; 4],
    /// Chroma samples per pixel, across and down.
    pub scale: [f32; 2],
    /// Place of pixel 0 among the chroma samples.
    pub shift: [f32; 2],
}

impl ToRgbaParams {
    fn new(width: usize, height: usize, format: Format, colour: Colour) -> Self {
        let (sx, sy) = format.chroma();
        let (cw, ch) = (width.div_ceil(sx), height.div_ceil(sy));
        let pixels = width * height;
        let at = |offset: usize, row: usize, step: usize| [offset as u32, row as u32, step as u32, 0];
        let packed = |step: usize| [0, 1, 2].map(|i| at(i, width * step, step));
        let planar = || [at(0, width, 1), at(pixels, cw, 1), at(pixels + cw * ch, cw, 1)];
        let [first, second, third] = match format {
            Format::Rgba8 => packed(4),
            Format::Rgb8 | Format::Ycbcr8 | Format::Mjpeg => packed(3),
            Format::Gray8 => [at(0, width, 1); 3],
            Format::I420 | Format::I422 | Format::I444 => planar(),
            Format::Nv12 => [at(0, width, 1), at(pixels, 2 * cw, 2), at(pixels + 1, 2 * cw, 2)],
            Format::Yuyv => [at(0, 4 * cw, 2), at(1, 4 * cw, 4), at(3, 4 * cw, 4)],
        };
        let [red, green, blue] = colour_rows(format, colour);
        let scale = [1.0 / sx as f32, 1.0 / sy as f32];
        let middle = |scale: f32| 0.5 * scale - 0.5;
        let across = if colour.siting == Siting::Left { 0.0 } else { middle(scale[0]) };
        Self {
            size: [width as u32, height as u32],
            chroma: [cw as u32, ch as u32],
            first,
            second,
            third,
            red,
            green,
            blue,
            scale,
            shift: [across, middle(scale[1])],
        }
    }
}

/// Rows of the matrix from components (0 to 255) and 1 to red, green, blue (0 to 1).
fn colour_rows(format: Format, colour: Colour) -> [[f32; 4]; 3] {
    let byte = 1.0 / 255.0;
    if matches!(format, Format::Rgb8 | Format::Rgba8) {
        return [[byte, 0.0, 0.0, 0.0], [0.0, byte, 0.0, 0.0], [0.0, 0.0, byte, 0.0]];
    }
    // E'Y = (Y' - black) / luma and E'C = (C - 128) / chroma, BT.601-7 and BT.709-6 section 4 (8 bits).
    let (black, luma, chroma) = match colour.range {
        Range::Limited => (16.0, 219.0, 224.0),
        Range::Full => (0.0, 255.0, 255.0),
    };
    let (kr, kb) = colour.matrix.weights();
    let kg = 1.0 - kr - kb;
    let row = |cb: f64, cr: f64| {
        let (cb, cr) = if format == Format::Gray8 { (0.0, 0.0) } else { (cb / chroma, cr / chroma) };
        [1.0 / luma, cb, cr, -black / luma - 128.0 * (cb + cr)].map(|v| v as f32)
    };
    let (cr, cb) = (2.0 * (1.0 - kr), 2.0 * (1.0 - kb));
    [row(0.0, cr), row(-cb * kb / kg, -cr * kr / kg), row(cb, 0.0)]
}

/// `shaders/to_rgba.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "to_rgba",
    twin: "to_rgba",
    parts: &[part!("to_rgba.wgsl")],
    bindings: &[
        Binding { name: "params", bind: Bind::Uniform(size_of::<ToRgbaParams>()) },
        Binding { name: "samples", bind: Bind::Read },
        Binding { name: "dst", bind: Bind::WriteTexture },
    ],
    workgroup: [8, 8, 1],
};

/// One invocation per pixel; the parameters change with the format and are written apart.
pub fn dispatch(width: usize, height: usize) -> Dispatch {
    Dispatch {
        kernel: &KERNEL,
        constants: vec![],
        params: vec![],
        workgroups: [width.div_ceil(8) as u32, height.div_ceil(8) as u32, 1],
    }
}
