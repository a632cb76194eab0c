//! Boxes and labels onto a picture.

use image::{GenericImage, Rgba, RgbaImage};

use crate::{
    detect::{
        Detection, Detections,
        atlas::{Atlas, Glyph},
    },
    error::{Error, Result},
    host::Picture,
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

/// Space between a label's text and the edges of its plate, across and down.
pub const PAD: (i64, i64) = (2, 1);

/// What is drawn onto: an `image::RgbaImage`, or a `DynamicImage`, which takes pixels of any kind.
pub trait Canvas: GenericImage<Pixel = Rgba<u8>> {}

impl<T: GenericImage<Pixel = Rgba<u8>>> Canvas for T {}

impl Detections {
    /// Paints a frame and a label for every object onto the picture that they were found in, the best on top.
    ///
    /// # Errors
    /// [`Error::Usage`] if `image` is of another size than that picture.
    pub fn draw(&self, image: &mut impl Canvas) -> Result<()> {
        onto(image, (self.width, self.height), self, FONT)
    }
}

/// A copy of `picture` with a frame and a label for every detection.
///
/// # Errors
/// If the picture's bytes do not match its size.
pub fn draw(picture: &Picture, detections: &[Detection]) -> Result<RgbaImage> {
    let (width, height) = (picture.width as u32, picture.height as u32);
    let mut canvas = RgbaImage::from_raw(width, height, picture.rgba.clone())
        .ok_or_else(|| Error::Usage(format!("expected {width}x{height} pixels of RGBA")))?;
    onto(&mut canvas, (picture.width, picture.height), detections, FONT)?;
    Ok(canvas)
}

/// Paints a frame and a label for every detection of a picture of that size, the best on top. `shaders/draw/boxes.wgsl` draws the
/// same, pixel by pixel.
///
/// # Errors
/// [`Error::Usage`] if the canvas is of another size, or the font cannot be read.
pub fn onto(canvas: &mut impl Canvas, size: (usize, usize), detections: &[Detection], font: &[u8]) -> Result<()> {
    let (width, height) = canvas.dimensions();
    if size != (width as usize, height as usize) {
        let (w, h) = size;
        return Err(Error::Usage(format!("boxes of a picture of {w}x{h} pixels, drawn onto one of {width}x{height}")));
    }
    let short = width.min(height) as f32;
    let line = line_width(short) as i64;
    let atlas = Atlas::bake(font, text_size(short).round(), detections.iter().flat_map(|d| d.name.chars()))?;
    for d in detections.iter().rev() {
        let colour = colour(d.class);
        let edge = |v: f32| v.round().clamp(-1e9, 1e9) as i64;
        let (left, top) = (edge(d.bbox.x), edge(d.bbox.y));
        let (right, bottom) = (edge(d.bbox.x + d.bbox.w), edge(d.bbox.y + d.bbox.h));
        let (across, down) = (line.min((right - left).max(1)), line.min((bottom - top).max(1)));
        fill(canvas, (left, top, right, top + down), colour);
        fill(canvas, (left, bottom - down, right, bottom), colour);
        fill(canvas, (left, top, left + across, bottom), colour);
        fill(canvas, (right - across, top, right, bottom), colour);
        label(canvas, &atlas, (left, top), d, colour);
    }
    Ok(())
}

/// Paints `left, top, right, bottom`, cut off at the edges.
fn fill(canvas: &mut impl Canvas, (left, top, right, bottom): (i64, i64, i64, i64), [r, g, b]: [u8; 3]) {
    let (w, h) = (i64::from(canvas.width()), i64::from(canvas.height()));
    for y in top.clamp(0, h)..bottom.clamp(0, h) {
        for x in left.clamp(0, w)..right.clamp(0, w) {
            canvas.put_pixel(x as u32, y as u32, Rgba([r, g, b, 255]));
        }
    }
}

/// Name, score and the number of its track on a plate of `colour`, above `(left, top)`, or inside where there is no room above.
fn label(canvas: &mut impl Canvas, atlas: &Atlas, (left, top): (i64, i64), d: &Detection, colour: [u8; 3]) {
    // Each letter on whole pixels, or it would blur; digits all as wide as a 0.
    let mut letters: Vec<(Glyph, f32)> = Vec::new();
    let mut pen = 0.0_f32;
    for c in d.name.chars() {
        let glyph = atlas.glyph(c);
        letters.push((glyph, pen.round()));
        pen += glyph.advance;
    }
    pen = (pen + atlas.glyph(' ').advance).round();
    let digits = format!("{:.0}", d.score * 100.0);
    for c in digits.chars() {
        letters.push((atlas.glyph(c), pen.round()));
        pen += atlas.glyph('0').advance;
    }
    letters.push((atlas.glyph('%'), pen.round()));
    pen += atlas.glyph('%').advance;
    if let Some(id) = d.id {
        pen += atlas.glyph(' ').advance;
        letters.push((atlas.glyph('#'), pen.round()));
        pen += atlas.glyph('#').advance;
        for c in id.to_string().chars() {
            letters.push((atlas.glyph(c), pen.round()));
            pen += atlas.glyph('0').advance;
        }
    }

    let (w, h) = (pen.ceil() as i64 + 2 * PAD.0, atlas.line as i64 + 2 * PAD.1);
    let left = left.min(i64::from(canvas.width()) - w).max(0);
    let top = if top >= h { top - h } else { top.max(0) };
    fill(canvas, (left, top, left + w, top + h), colour);
    let ink = if white_ink(colour) { 255.0 } else { 0.0 };
    let inside = |v: i64, side: u32| (0..i64::from(side)).contains(&v);
    for (glyph, pen) in letters {
        let [x, y, gw, gh] = glyph.texel.map(|v| v as usize);
        let (gl, gt) = (left + PAD.0 + (pen + glyph.offset[0]) as i64, top + PAD.1 + glyph.offset[1] as i64);
        for (gx, gy) in (0..gh).flat_map(|gy| (0..gw).map(move |gx| (gx, gy))) {
            let (px, py) = (gl + gx as i64, gt + gy as i64);
            let cover = f32::from(atlas.coverage[(y + gy) * Atlas::WIDTH + x + gx]) / 255.0;
            if inside(px, canvas.width()) && inside(py, canvas.height()) {
                let (px, py) = (px as u32, py as u32);
                let Rgba([r, g, b, a]) = canvas.get_pixel(px, py);
                let mix = |channel: u8| (f32::from(channel) * (1.0 - cover) + ink * cover).round() as u8;
                canvas.put_pixel(px, py, Rgba([mix(r), mix(g), mix(b), a]));
            }
        }
    }
}
