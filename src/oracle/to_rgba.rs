//! Frame of a video to RGB, in the standards' own words: components to E'Y, E'PB, E'PR, those to E'R, E'G, E'B (BT.601-7
//! and BT.709-6, sections 3 and 4). Chroma is interpolated linearly at the pixel's place.

use crate::host::{Frame, FrameFormat, Picture, Range, Siting};

/// The frame as a picture; black where bytes are missing.
pub fn to_rgba(frame: &Frame) -> Picture {
    let (width, height) = (frame.width, frame.height);
    let mut rgba = vec![0; width * height * 4];
    rgba.chunks_exact_mut((width * 4).max(1)).enumerate().for_each(|(y, row)| to_rgba_row(frame, y, row));
    Picture { width, height, rgba }
}

/// Row `y` of its pixels.
pub fn to_rgba_row(frame: &Frame, y: usize, row: &mut [u8]) {
    for (x, out) in row.chunks_exact_mut(4).enumerate() {
        let [r, g, b] = pixel(frame, x, y).map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8);
        out.copy_from_slice(&[r, g, b, 255]);
    }
}

fn pixel(frame: &Frame, x: usize, y: usize) -> [f64; 3] {
    let (w, h) = (frame.width, frame.height);
    let byte = |at: usize| f64::from(frame.data.get(at).copied().unwrap_or(0));
    let (sx, sy) = frame.format.chroma();
    let (cw, ch) = (w.div_ceil(sx), h.div_ceil(sy));
    let all = w * h;
    // Sample i, j of Cb or Cr.
    let chroma = |i: usize, j: usize, second: usize| match frame.format {
        FrameFormat::I420 | FrameFormat::I422 | FrameFormat::I444 => byte(all + second * cw * ch + j * cw + i),
        FrameFormat::Nv12 => byte(all + (j * cw + i) * 2 + second),
        FrameFormat::Yuyv => byte((j * cw + i) * 4 + 1 + 2 * second),
        FrameFormat::Ycbcr8 | FrameFormat::Mjpeg => byte((j * w + i) * 3 + 1 + second),
        FrameFormat::Rgb8 | FrameFormat::Rgba8 | FrameFormat::Gray8 => 128.0,
    };
    let luma = match frame.format {
        FrameFormat::Rgb8 => return [0, 1, 2].map(|c| byte((y * w + x) * 3 + c) / 255.0),
        FrameFormat::Rgba8 => return [0, 1, 2].map(|c| byte((y * w + x) * 4 + c) / 255.0),
        FrameFormat::Ycbcr8 | FrameFormat::Mjpeg => byte((y * w + x) * 3),
        FrameFormat::Yuyv => byte(y * cw * 4 + 2 * x),
        FrameFormat::Gray8 | FrameFormat::I420 | FrameFormat::I422 | FrameFormat::I444 | FrameFormat::Nv12 => {
            byte(y * w + x)
        }
    };
    let left = frame.colour.siting == Siting::Left;
    let place = |p: usize, s: usize, cosited: bool| {
        if cosited { p as f64 / s as f64 } else { (p as f64 + 0.5) / s as f64 - 0.5 }
    };
    let (cx, cy) = (place(x, sx, left), place(y, sy, false));
    let interpolated = |second: usize| {
        let clamped = |v: f64, n: usize| v.clamp(0.0, (n - 1) as f64) as usize;
        let (dx, dy) = (cx - cx.floor(), cy - cy.floor());
        let row = |j: usize| {
            chroma(clamped(cx.floor(), cw), j, second) * (1.0 - dx)
                + chroma(clamped(cx.floor() + 1.0, cw), j, second) * dx
        };
        row(clamped(cy.floor(), ch)) * (1.0 - dy) + row(clamped(cy.floor() + 1.0, ch)) * dy
    };
    let (black, luma_span, chroma_span) = match frame.colour.range {
        Range::Limited => (16.0, 219.0, 224.0),
        Range::Full => (0.0, 255.0, 255.0),
    };
    let ey = (luma - black) / luma_span;
    let (epb, epr) = ((interpolated(0) - 128.0) / chroma_span, (interpolated(1) - 128.0) / chroma_span);
    let (kr, kb) = frame.colour.matrix.weights();
    // E'PB = (E'B - E'Y) / (2 (1 - kb)), E'PR likewise; E'Y = kr E'R + kg E'G + kb E'B.
    let er = ey + 2.0 * (1.0 - kr) * epr;
    let eb = ey + 2.0 * (1.0 - kb) * epb;
    let eg = (ey - kr * er - kb * eb) / (1.0 - kr - kb);
    [er, eg, eb]
}
