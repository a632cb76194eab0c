//! Boxes and labels onto a picture.

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use image::{Rgba, RgbaImage};

use crate::{
    detect::{Detection, Picture},
    error::{Error, Result},
};

/// The font of labels: DejaVu Sans.
pub const FONT: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans.ttf");

/// Colours that the colour-blind can tell apart (Okabe and Ito, 2008, without black), by class index.
pub const PALETTE: [[u8; 3]; 7] =
    [[230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167]];

/// The colour of a class.
pub fn colour(class: usize) -> [u8; 3] {
    PALETTE[class % PALETTE.len()]
}

/// Whether text on this colour is white; else it is black.
pub fn white_ink(colour: [u8; 3]) -> bool {
    colour.map(u32::from).iter().zip([299, 587, 114]).map(|(c, k)| c * k).sum::<u32>() < 128_000
}

/// Width of a box's edge on a picture whose short side is so long: readable at 320 pixels and at 4K.
pub fn line_width(short: f32) -> f32 {
    (short / 300.0).round().clamp(1.0, 12.0)
}

/// Height of its label's text.
pub fn text_size(short: f32) -> f32 {
    (short / 32.0).clamp(10.0, 72.0)
}

/// A copy of `picture` with a frame and a label for every detection, the best on top.
///
/// # Errors
/// If the picture's bytes do not match its size.
pub fn draw(picture: &Picture, detections: &[Detection]) -> Result<RgbaImage> {
    let (width, height) = (picture.width as u32, picture.height as u32);
    let mut canvas = RgbaImage::from_raw(width, height, picture.rgba.clone())
        .ok_or_else(|| Error::Usage(format!("expected {width}x{height} pixels of RGBA")))?;
    let font = FontRef::try_from_slice(FONT).map_err(|e| Error::Usage(format!("the label font is broken: {e}")))?;
    let short = width.min(height) as f32;
    let (line, size) = (line_width(short) as i64, text_size(short));
    for d in detections.iter().rev() {
        let colour = colour(d.class);
        let (left, top) = (d.bbox.x.round() as i64, d.bbox.y.round() as i64);
        let (right, bottom) = ((d.bbox.x + d.bbox.w).round() as i64, (d.bbox.y + d.bbox.h).round() as i64);
        fill(&mut canvas, (left, top, right, top + line), colour);
        fill(&mut canvas, (left, bottom - line, right, bottom), colour);
        fill(&mut canvas, (left, top, left + line, bottom), colour);
        fill(&mut canvas, (right - line, top, right, bottom), colour);
        label(&mut canvas, &font, size, (left, top), &format!("{} {:.0}%", d.name, d.score * 100.0), colour);
    }
    Ok(canvas)
}

/// Paints `left, top, right, bottom`, cut off at the edges.
fn fill(canvas: &mut RgbaImage, (left, top, right, bottom): (i64, i64, i64, i64), [r, g, b]: [u8; 3]) {
    let (w, h) = (i64::from(canvas.width()), i64::from(canvas.height()));
    for y in top.clamp(0, h)..bottom.clamp(0, h) {
        for x in left.clamp(0, w)..right.clamp(0, w) {
            canvas.put_pixel(x as u32, y as u32, Rgba([r, g, b, 255]));
        }
    }
}

/// A line of text on a plate of `colour`, above `(left, top)`, or inside where there is no room above.
fn label(canvas: &mut RgbaImage, font: &FontRef<'_>, size: f32, (left, top): (i64, i64), text: &str, colour: [u8; 3]) {
    let font = font.as_scaled(PxScale::from(size));
    let mut glyphs: Vec<Glyph> = Vec::new();
    let mut x = 0.0;
    for c in text.chars() {
        let mut glyph = font.scaled_glyph(c);
        glyph.position = point(x, font.ascent());
        x += font.h_advance(glyph.id);
        glyphs.push(glyph);
    }
    let (w, h) = (x.ceil() as i64 + 4, font.height().ceil() as i64 + 2);
    let left = left.min(i64::from(canvas.width()) - w).max(0);
    let top = if top >= h { top - h } else { top.max(0) };
    fill(canvas, (left, top, left + w, top + h), colour);
    let ink = if white_ink(colour) { 255.0 } else { 0.0 };
    for glyph in glyphs {
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let bounds = outline.px_bounds();
        outline.draw(|gx, gy, cover| {
            let px = left + 2 + bounds.min.x as i64 + i64::from(gx);
            let py = top + 1 + bounds.min.y as i64 + i64::from(gy);
            let inside = |v: i64, side: u32| (0..i64::from(side)).contains(&v);
            if inside(px, canvas.width()) && inside(py, canvas.height()) {
                let pixel = canvas.get_pixel_mut(px as u32, py as u32);
                for channel in &mut pixel.0[..3] {
                    *channel = (f32::from(*channel) * (1.0 - cover) + ink * cover).round() as u8;
                }
            }
        });
    }
}
