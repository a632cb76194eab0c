//! A look at a picture: a crop, perhaps mirrored, with other colours; and where its objects are in that. Drawn by a seed.

use crate::{
    host::Picture,
    model::random::Random,
    train::augment::{AugmentKeys, Spread},
};

/// A look at a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variation {
    /// Left, top, width and height of the crop, in pixels of the picture; it may reach beyond.
    pub crop: [f64; 4],
    /// Whether it is mirrored.
    pub flip: bool,
    /// Added to the hue, in turns.
    pub hue: f64,
    /// Times the saturation.
    pub saturation: f64,
    /// Times the light.
    pub exposure: f64,
}

impl Variation {
    /// All of a picture of this size, as it is; with `letterbox` in the middle of a canvas of this shape, else stretched.
    pub fn none((width, height): (usize, usize), canvas: (usize, usize), letterbox: bool) -> Self {
        let crop = reach([0.0, 0.0, width as f64, height as f64], canvas, letterbox);
        Self { crop, flip: false, hue: 0.0, saturation: 1.0, exposure: 1.0 }
    }

    /// One by chance, as Darknet draws it (`data.c`): every side of the crop by itself, then larger or smaller.
    pub fn drawn(
        keys: &AugmentKeys,
        (width, height): (usize, usize),
        canvas: (usize, usize),
        letterbox: bool,
        random: &mut Random,
    ) -> Self {
        let (w, h) = (width as f64, height as f64);
        let mut within = |low: f64, high: f64| random.within(low, high);
        let mut sides = [0.0; 4];
        for (side, of) in sides.iter_mut().zip([w, w, h, h]) {
            *side = (within(-keys.jitter, keys.jitter) * of).trunc();
        }
        let (low, high) = ((1.0 - keys.resize) / 2.0, (1.0 - 1.0 / keys.resize) / 2.0);
        for pair in [0, 1] {
            let more = within(low, high);
            sides[pair] += more * w;
            sides[pair + 2] += more * h;
        }
        let [left, right, top, bottom] = sides;
        let crop = [left, top, (w - left - right).max(1.0), (h - top - bottom).max(1.0)];
        let hue = within(-keys.hue, keys.hue);
        let mut times = |factor: Spread| match factor {
            Spread::Times(most) => {
                let by = within(1.0, most);
                if within(0.0, 1.0) < 0.5 { by } else { 1.0 / by }
            }
            Spread::Around(part) => within(1.0 - part, 1.0 + part),
        };
        let (saturation, exposure) = (times(keys.saturation), times(keys.exposure));
        let flip = keys.flip && within(0.0, 1.0) < 0.5;
        Self { crop: reach(crop, canvas, letterbox), flip, hue, saturation, exposure }
    }

    /// What is seen at this pixel of a canvas of this size: RGB, 0 to 1; none beyond the picture.
    pub fn colour(
        &self,
        picture: &Picture,
        (x, y): (usize, usize),
        (columns, rows): (usize, usize),
    ) -> Option<[f32; 3]> {
        let [left, top, width, height] = self.crop;
        let step = [width / columns as f64, height / rows as f64];
        let column = if self.flip { columns - 1 - x } else { x };
        let at = [left + (column as f64 + 0.5) * step[0] - 0.5, top + (y as f64 + 0.5) * step[1] - 0.5];
        let plain = self.hue == 0.0 && self.saturation == 1.0 && self.exposure == 1.0;
        sample(picture, at).map(|rgb| if plain { rgb } else { self.coloured(rgb) })
    }

    /// Where a box of a picture of this size lies on the canvas, cut off nowhere: left, top, right, bottom as fractions of it. `centred` is its centre,
    /// width and height as fractions of the picture.
    pub fn place(&self, centred: [f64; 4], (width, height): (usize, usize)) -> [f64; 4] {
        let [left, top, w, h] = self.crop;
        let side = |centre: f64, length: f64, of: usize, start: f64, range: f64| {
            let edge = |at: f64| (at * of as f64 - start) / range;
            (edge(centre - length / 2.0), edge(centre + length / 2.0))
        };
        let [cx, cy, bw, bh] = centred;
        let (x0, x1) = side(cx, bw, width, left, w);
        let (y0, y1) = side(cy, bh, height, top, h);
        let (x0, x1) = if self.flip { (1.0 - x1, 1.0 - x0) } else { (x0, x1) };
        [x0, y0, x1, y1]
    }

    fn coloured(&self, rgb: [f32; 3]) -> [f32; 3] {
        let [h, s, v] = to_hsv(rgb.map(f64::from));
        let hue = (h + self.hue).rem_euclid(1.0);
        to_rgb([hue, (s * self.saturation).min(1.0), (v * self.exposure).min(1.0)]).map(|v| v as f32)
    }
}

/// A crop, or as much more of it as has the canvas's own sides.
fn reach([left, top, w, h]: [f64; 4], canvas: (usize, usize), letterbox: bool) -> [f64; 4] {
    if !letterbox {
        return [left, top, w, h];
    }
    let scale = (w / canvas.0 as f64).max(h / canvas.1 as f64);
    let (width, height) = (scale * canvas.0 as f64, scale * canvas.1 as f64);
    [left - (width - w) / 2.0, top - (height - h) / 2.0, width, height]
}

/// Bilinear; none beyond the picture.
fn sample(picture: &Picture, [x, y]: [f64; 2]) -> Option<[f32; 3]> {
    let (w, h) = (picture.width as f64, picture.height as f64);
    if x < -0.5 || y < -0.5 || x > w - 0.5 || y > h - 0.5 {
        return None;
    }
    let (x, y) = (x.clamp(0.0, w - 1.0), y.clamp(0.0, h - 1.0));
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(picture.width - 1), (y0 + 1).min(picture.height - 1));
    let (fx, fy) = ((x - x0 as f64) as f32, (y - y0 as f64) as f32);
    let at = |x: usize, y: usize, c: usize| f32::from(picture.rgba[(y * picture.width + x) * 4 + c]);
    Some([0, 1, 2].map(|c| {
        let upper = at(x0, y0, c) * (1.0 - fx) + at(x1, y0, c) * fx;
        let lower = at(x0, y1, c) * (1.0 - fx) + at(x1, y1, c) * fx;
        (upper * (1.0 - fy) + lower * fy) / 255.0
    }))
}

/// Hue in turns, saturation, value.
fn to_hsv([r, g, b]: [f64; 3]) -> [f64; 3] {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let range = most - least;
    if range <= 0.0 {
        return [0.0, 0.0, most];
    }
    let sixth = if most == r {
        (g - b) / range
    } else if most == g {
        2.0 + (b - r) / range
    } else {
        4.0 + (r - g) / range
    };
    [(sixth / 6.0).rem_euclid(1.0), range / most, most]
}

fn to_rgb([h, s, v]: [f64; 3]) -> [f64; 3] {
    // Each is a trapezium of the hue (Foley and van Dam).
    [5.0, 3.0, 1.0].map(|n: f64| {
        let k = (n + h * 6.0).rem_euclid(6.0);
        v - v * s * k.min(4.0 - k).clamp(0.0, 1.0)
    })
}
