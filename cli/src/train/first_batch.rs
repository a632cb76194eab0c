//! The pictures of the first step as the network sees them, with the boxes that it is to find, on one sheet.

use image::{RgbImage, imageops};
use yolov4::{
    BoxPx, Detection, Picture, Result, Tensor,
    low_level::{detect::draw, train::darknet_loss::Truth},
};

use super::batches::Batch;

/// Pictures on the sheet, and how many of them stand side by side.
const MOST: usize = 16;
const COLUMNS: usize = 4;
/// Pixels between them.
const GAP: u32 = 6;

/// Draws the first of a batch.
///
/// # Errors
/// If a picture cannot be drawn on.
pub fn sheet(batch: &Batch, classes: &[String]) -> Result<RgbImage> {
    let shown = batch.inputs.iter().zip(&batch.truths).take(MOST);
    let drawn = shown.map(|(input, truths)| one(input, truths, classes)).collect::<Result<Vec<_>>>()?;
    let (width, height) = drawn.first().map_or((1, 1), RgbImage::dimensions);
    let (columns, rows) = (drawn.len().clamp(1, COLUMNS) as u32, drawn.len().div_ceil(COLUMNS).max(1) as u32);
    let mut sheet =
        RgbImage::from_pixel(columns * (width + GAP) - GAP, rows * (height + GAP) - GAP, image::Rgb([255; 3]));
    for (n, picture) in drawn.iter().enumerate() {
        let (column, row) = ((n % COLUMNS) as u32, (n / COLUMNS) as u32);
        imageops::replace(&mut sheet, picture, i64::from(column * (width + GAP)), i64::from(row * (height + GAP)));
    }
    Ok(sheet)
}

fn one(input: &Tensor, truths: &[Truth], classes: &[String]) -> Result<RgbImage> {
    let shape = input.shape;
    // Of greys all three are the same.
    let level = |c: usize, n: usize| (input.plane(c.min(shape.c - 1))[n] * 255.0).round() as u8;
    let pixel = |n: usize| [level(0, n), level(1, n), level(2, n), 255];
    let picture = Picture { width: shape.w, height: shape.h, rgba: (0..shape.pixels()).flat_map(pixel).collect() };
    let (w, h) = (shape.w as f64, shape.h as f64);
    let found = |truth: &Truth| Detection {
        class: truth.class,
        name: classes.get(truth.class).cloned().unwrap_or_else(|| truth.class.to_string()),
        score: 1.0,
        bbox: BoxPx {
            x: ((truth.cx - truth.w / 2.0) * w) as f32,
            y: ((truth.cy - truth.h / 2.0) * h) as f32,
            w: (truth.w * w) as f32,
            h: (truth.h * h) as f32,
        },
        id: None,
    };
    let found: Vec<Detection> = truths.iter().map(found).collect();
    Ok(image::DynamicImage::from(draw::draw(&picture, &found)?).to_rgb8())
}
