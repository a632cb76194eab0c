//! Video frames to RGB pixels: any layout of 8-bit samples, interleaved or planar, full or subsampled chroma.

use crate::{
    host::{Colour, Frame, FrameFormat, Range, Siting},
    kernels::{Bind, Binding, Dispatch, Kernel, part},
};

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

impl Frame {
    /// The kernel's parameters.
    pub fn params(&self) -> ToRgbaParams {
        ToRgbaParams::new(self.width, self.height, self.format, self.colour)
    }
}

impl ToRgbaParams {
    fn new(width: usize, height: usize, format: FrameFormat, colour: Colour) -> Self {
        let (sx, sy) = format.chroma();
        let (cw, ch) = (width.div_ceil(sx), height.div_ceil(sy));
        let pixels = width * height;
        let at = |offset: usize, row: usize, step: usize| [offset as u32, row as u32, step as u32, 0];
        let packed = |step: usize| [0, 1, 2].map(|i| at(i, width * step, step));
        let planar = || [at(0, width, 1), at(pixels, cw, 1), at(pixels + cw * ch, cw, 1)];
        let [first, second, third] = match format {
            FrameFormat::Rgba8 => packed(4),
            FrameFormat::Rgb8 | FrameFormat::Ycbcr8 | FrameFormat::Mjpeg => packed(3),
            FrameFormat::Gray8 => [at(0, width, 1); 3],
            FrameFormat::I420 | FrameFormat::I422 | FrameFormat::I444 => planar(),
            FrameFormat::Nv12 => [at(0, width, 1), at(pixels, 2 * cw, 2), at(pixels + 1, 2 * cw, 2)],
            FrameFormat::Yuyv => [at(0, 4 * cw, 2), at(1, 4 * cw, 4), at(3, 4 * cw, 4)],
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
fn colour_rows(format: FrameFormat, colour: Colour) -> [[f32; 4]; 3] {
    let byte = 1.0 / 255.0;
    if matches!(format, FrameFormat::Rgb8 | FrameFormat::Rgba8) {
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
        let (cb, cr) = if format == FrameFormat::Gray8 { (0.0, 0.0) } else { (cb / chroma, cr / chroma) };
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
