//! A frame with its boxes, painted on the host: for recordings and screenshots where the processor plays and no device draws.

use image::{Rgba, RgbaImage, imageops};

use yolov4::{
    Detection, Error, Picture, Result,
    low_level::{
        detect::draw,
        view::{Quad, fit},
    },
};

/// How it is painted.
pub struct Painting<'a> {
    /// Font of the labels.
    pub font: &'a [u8],
    /// Left and right exchanged, but for text.
    pub mirror: bool,
    /// Plain rectangles on top of everything.
    pub dots: &'a [Quad],
    /// Columns and rows, if not the frame's own; it is made to fit, in the middle.
    pub size: Option<(u32, u32)>,
}

impl Painting<'_> {
    /// The frame, its boxes, the dots.
    ///
    /// # Errors
    /// [`Error::Usage`] if the font cannot be read.
    pub fn paint(&self, picture: &Picture, found: &[Detection]) -> Result<Picture> {
        let (width, height) = (picture.width as u32, picture.height as u32);
        let mut canvas = RgbaImage::from_raw(width, height, picture.rgba.clone())
            .ok_or_else(|| Error::Usage(format!("expected {width}x{height} pixels of RGBA")))?;
        let mut found = found.to_vec();
        if self.mirror {
            imageops::flip_horizontal_in_place(&mut canvas);
            found.iter_mut().for_each(|d| d.bbox.x = width as f32 - d.bbox.right());
        }
        draw::onto(&mut canvas, (picture.width, picture.height), &found, self.font)?;
        self.dots.iter().for_each(|dot| blend(&mut canvas, dot));
        if let Some(size) = self.size.filter(|size| *size != canvas.dimensions()) {
            canvas = fitted(&canvas, size);
        }
        let (width, height) = canvas.dimensions();
        Ok(Picture { width: width as usize, height: height as usize, rgba: canvas.into_raw() })
    }
}

/// Pixels whose middles lie inside, as a GPU fills them.
fn blend(canvas: &mut RgbaImage, dot: &Quad) {
    let [left, top, right, bottom] = dot.rect;
    let [r, g, b, opacity] = dot.ink;
    let between = |low: f32, high: f32, most: u32| {
        let edge = |v: f32| (v - 0.5).ceil().clamp(0.0, most as f32) as u32;
        edge(low)..edge(high)
    };
    let (columns, rows) = (between(left, right, canvas.width()), between(top, bottom, canvas.height()));
    for (x, y) in rows.flat_map(|y| columns.clone().map(move |x| (x, y))) {
        let Rgba([old_r, old_g, old_b, a]) = *canvas.get_pixel(x, y);
        let mix = |old: u8, ink: f32| (f32::from(old) * (1.0 - opacity) + ink * 255.0 * opacity).round() as u8;
        canvas.put_pixel(x, y, Rgba([mix(old_r, r), mix(old_g, g), mix(old_b, b), a]));
    }
}

fn fitted(canvas: &RgbaImage, size: (u32, u32)) -> RgbaImage {
    let (width, height) = canvas.dimensions();
    let [x, y, w, h] = fit((width as usize, height as usize), size);
    let inner = imageops::resize(canvas, w as u32, h as u32, imageops::FilterType::Triangle);
    let mut whole = RgbaImage::from_pixel(size.0, size.1, Rgba([0, 0, 0, 255]));
    imageops::replace(&mut whole, &inner, x as i64, y as i64);
    whole
}
