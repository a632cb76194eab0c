//! From the driver's rows to ours, and from its words on colour to ours.

use crate::video::{Colour, FrameFormat, Matrix, Range, Siting, v4l2::sys::PixFormat};

/// Rows of one plane in the driver's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    /// First byte.
    pub at: usize,
    /// Bytes from row to row.
    pub stride: usize,
    /// Bytes of a row that count.
    pub bytes: usize,
    /// How many.
    pub rows: usize,
}

impl Plane {
    /// First byte after the last row.
    pub fn end(&self) -> usize {
        self.at + self.rows.saturating_sub(1) * self.stride + self.bytes
    }
}

/// The planes of a frame, one behind the other; none for MJPEG. Chroma planes of planar layouts have their share of
/// `bytesperline`, the one of NV12 has all of it (the kernel's documentation of each pixel format).
pub fn planes(format: FrameFormat, pix: &PixFormat) -> Vec<Plane> {
    let (width, height) = (pix.width as usize, pix.height as usize);
    let (sx, sy) = format.chroma();
    let (cw, ch) = (width.div_ceil(sx), height.div_ceil(sy));
    let padded = |bytes: usize| (pix.bytesperline as usize).max(bytes);
    let one = |bytes: usize| vec![Plane { at: 0, stride: padded(bytes), bytes, rows: height }];
    let with = |stride: usize, bytes: usize, count: usize| {
        let luma = padded(width);
        let chroma = |i: usize| Plane { at: luma * height + i * stride * ch, stride, bytes, rows: ch };
        let first = Plane { at: 0, stride: luma, bytes: width, rows: height };
        std::iter::once(first).chain((0..count).map(chroma)).collect()
    };
    match format {
        FrameFormat::Mjpeg => vec![],
        FrameFormat::Rgb8 | FrameFormat::Ycbcr8 => one(3 * width),
        FrameFormat::Rgba8 => one(4 * width),
        FrameFormat::Gray8 => one(width),
        FrameFormat::Yuyv => one(4 * cw),
        FrameFormat::Nv12 => with(padded(2 * cw), 2 * cw, 1),
        FrameFormat::I420 | FrameFormat::I422 | FrameFormat::I444 => with((padded(width) / sx).max(cw), cw, 2),
    }
}

/// Colorspaces.
const SMPTE240M: u32 = 2;
const REC709: u32 = 3;
const JPEG: u32 = 7;
const BT2020: u32 = 10;
const DCI_P3: u32 = 12;

/// What the samples mean; what is left open is filled in as `V4L2_MAP_YCBCR_ENC_DEFAULT` and
/// `V4L2_MAP_QUANTIZATION_DEFAULT` do.
pub fn colour(format: FrameFormat, pix: &PixFormat) -> Colour {
    if format == FrameFormat::Mjpeg {
        return Colour::JPEG;
    }
    // Of BT.2020 and SMPTE 240M, which we do not have, BT.709 is the nearer one.
    let matrix = match (pix.ycbcr_enc, pix.colorspace) {
        (2 | 4 | 6 | 7 | 8, _) | (0, REC709 | DCI_P3 | BT2020 | SMPTE240M) => Matrix::Bt709,
        _ => Matrix::Bt601,
    };
    let rgb = matches!(format, FrameFormat::Rgb8 | FrameFormat::Rgba8);
    let range = match pix.quantization {
        1 => Range::Full,
        2 => Range::Limited,
        _ if rgb || pix.colorspace == JPEG => Range::Full,
        _ => Range::Limited,
    };
    Colour { matrix, range, siting: Siting::Left }
}
