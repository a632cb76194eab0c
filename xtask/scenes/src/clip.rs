//! A short video: a window that glides over one wide street, there and back, so that it can be played in a circle.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use image::codecs::jpeg::JpegEncoder;

use crate::{
    dice::Dice,
    scene::{self, Setting},
    text::Fonts,
};

/// The street, and the window on it.
const STREET: (u32, u32) = (1000, 320);
const WINDOW: (usize, usize) = (426, 320);
/// Pictures there and back.
const FRAMES: usize = 60;
const QUALITY: u8 = 68;

/// The street's series and number.
const SERIES: u64 = 7;

/// Writes JPEGs one behind the other: MJPEG.
pub fn write(path: &Path, fonts: &Fonts, number: u64) -> Result<()> {
    let street = scene::make(&mut Dice::of_scene(SERIES, number), fonts, Setting::Street, STREET)?;
    let mut bytes = Vec::new();
    for frame in 0..FRAMES {
        // A cosine turns gently at both ends.
        let turn = std::f64::consts::TAU * frame as f64 / FRAMES as f64;
        let left = ((street.width - WINDOW.0) as f64 * (0.5 - 0.5 * turn.cos())).round() as usize;
        let rows = street.rgb.chunks_exact(street.width * 3).take(WINDOW.1);
        let rgb: Vec<u8> = rows.flat_map(|row| &row[left * 3..(left + WINDOW.0) * 3]).copied().collect();
        JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode(
            &rgb,
            WINDOW.0 as u32,
            WINDOW.1 as u32,
            image::ExtendedColorType::Rgb8,
        )?;
    }
    fs::write(path, bytes).with_context(|| path.display().to_string())
}
