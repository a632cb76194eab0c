//! What lies between the scene and the file: rain, snow, fog, the lens and the sensor.

use crate::{dice::Dice, painter::Painter};

/// Streaks of rain and a veil of grey.
pub fn rain(p: &mut Painter, dice: &mut Dice) {
    let (w, h) = (p.width(), p.height());
    let bright = (190.0 * p.light[1].clamp(0.4, 1.0)) as u8;
    p.rect((0.0, 0.0, w, h), [bright; 3], dice.range(0.05, 0.22));
    let (slant, long) = (dice.range(-0.4, 0.4), h * dice.range(0.03, 0.1));
    for _ in 0..dice.count(60, 260) {
        let (x, y) = (w * dice.unit(), h * dice.unit());
        let alpha = dice.range(0.08, 0.4);
        p.line(&[(x, y), (x + slant * long, y + long)], dice.range(0.5, 1.3), [214, 220, 226], alpha);
    }
}

/// Flakes near and far, and a white ground fog.
pub fn snow(p: &mut Painter, dice: &mut Dice) {
    let (w, h) = (p.width(), p.height());
    p.rect((0.0, 0.0, w, h), [226, 230, 236], dice.range(0.05, 0.25));
    for _ in 0..dice.count(80, 300) {
        let r = w / 320.0 * dice.log_range(0.5, 2.6);
        p.ellipse(
            (w * dice.unit(), h * dice.unit()),
            (r, r * dice.range(0.8, 1.4)),
            [246, 248, 250],
            dice.range(0.4, 0.95),
        );
    }
}

/// Fog that thickens towards a row.
pub fn fog(p: &mut Painter, dice: &mut Dice) {
    let (w, h) = (p.width(), p.height());
    let veil = dice.pick(&[[206, 210, 212], [190, 186, 176], [170, 176, 184]]);
    let (middle, thick) = (h * dice.range(0.2, 0.7), dice.range(0.25, 0.55));
    let bands = 40;
    for band in 0..bands {
        let y = h * band as f32 / bands as f32;
        let near = 1.0 - ((y - middle).abs() / h).min(1.0);
        p.rect((0.0, y, w, h / bands as f32 + 0.5), veil, thick * near);
    }
}

/// A low sun in the lens.
pub fn glare(p: &mut Painter, dice: &mut Dice) {
    let (w, h) = (p.width(), p.height());
    let sun = (w * dice.unit(), h * dice.range(0.05, 0.5));
    p.glow(sun, w * dice.range(0.3, 0.8), [255, 236, 200], dice.range(0.5, 1.0));
    for _ in 0..dice.count(1, 4) {
        let t = dice.range(-0.8, 1.4);
        let at = (sun.0 + (w / 2.0 - sun.0) * t, sun.1 + (h / 2.0 - sun.1) * t);
        let r = w * dice.range(0.01, 0.06);
        let tint = dice.pick(&[[255, 180, 120], [150, 220, 255], [180, 255, 180]]);
        p.ellipse(at, (r, r), tint, dice.range(0.1, 0.3));
    }
}

/// The camera: blur, exposure, colour cast, vignette, noise. `rgb` is `height` rows of `width` pixels.
pub fn camera(rgb: &mut [u8], width: usize, height: usize, dice: &mut Dice, dark: bool) {
    let mut plane: Vec<f32> = rgb.iter().map(|v| f32::from(*v)).collect();
    let unit = width.max(height) as f32 / 320.0;
    if dice.chance(0.6) {
        let sigma = unit * dice.range(0.2, 1.1);
        let reach = (2.5 * sigma).ceil() as i64;
        let taps: Vec<(i64, f32)> = (-reach..=reach).map(|i| (i, (-0.5 * (i as f32 / sigma).powi(2)).exp())).collect();
        plane = filter(&plane, width, height, &taps.iter().map(|(i, k)| (*i, 0, *k)).collect::<Vec<_>>());
        plane = filter(&plane, width, height, &taps.iter().map(|(i, k)| (0, *i, *k)).collect::<Vec<_>>());
    }
    if dice.chance(0.2) {
        let (angle, long) = (dice.range(-0.6, 0.6), unit * dice.range(1.5, 5.0));
        let steps = long.ceil() as i64;
        let taps: Vec<_> = (0..=steps)
            .map(|i| i as f32 / steps as f32 - 0.5)
            .map(|t| ((t * long * angle.cos()).round() as i64, (t * long * angle.sin()).round() as i64, 1.0))
            .collect();
        plane = filter(&plane, width, height, &taps);
    }
    let (gain, lift) = (dice.range(0.75, 1.2), dice.range(-14.0, 22.0));
    let cast = [dice.range(0.9, 1.1), dice.range(0.95, 1.05), dice.range(0.88, 1.12)];
    let vignette = dice.range(0.0, 0.35);
    let noise = if dark { dice.range(3.0, 16.0) } else { dice.range(0.0, 9.0) };
    for y in 0..height {
        for x in 0..width {
            let (dx, dy) = (x as f32 / width as f32 - 0.5, y as f32 / height as f32 - 0.5);
            let fade = 1.0 - vignette * 2.0 * (dx * dx + dy * dy);
            // Sensors make noise per pixel more than per channel.
            let shared = noise * 0.7 * dice.normal();
            for (c, tint) in cast.iter().enumerate() {
                let i = 3 * (y * width + x) + c;
                let value = plane[i] * gain * tint * fade + lift + shared + noise * 0.6 * dice.normal();
                rgb[i] = value.round().clamp(0.0, 255.0) as u8;
            }
        }
    }
}

/// Weighted mean of neighbours at `(dx, dy)`; beyond the edge the edge repeats.
fn filter(plane: &[f32], width: usize, height: usize, taps: &[(i64, i64, f32)]) -> Vec<f32> {
    let sum: f32 = taps.iter().map(|t| t.2).sum();
    let mut out = vec![0.0; plane.len()];
    for y in 0..height {
        for x in 0..width {
            let mut acc = [0.0; 3];
            for (dx, dy, k) in taps {
                let (sx, sy) =
                    ((x as i64 + dx).clamp(0, width as i64 - 1), (y as i64 + dy).clamp(0, height as i64 - 1));
                let at = 3 * (sy as usize * width + sx as usize);
                acc.iter_mut().zip(&plane[at..at + 3]).for_each(|(a, v)| *a += k * v);
            }
            let at = 3 * (y * width + x);
            out[at..at + 3].iter_mut().zip(acc).for_each(|(o, a)| *o = a / sum);
        }
    }
    out
}
