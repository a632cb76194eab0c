//! Letters as contours, so that they turn and tilt with what they are written on.

use ab_glyph::{Font, FontVec, OutlineCurve};
use anyhow::{Context, Result};

use crate::{painter::Contours, pose::Point};

/// The fonts of a setting.
pub struct Fonts(Vec<FontVec>);

impl Fonts {
    /// Every TrueType file in a folder whose family has Latin capitals and digits.
    pub fn read(folder: &std::path::Path) -> Result<Self> {
        let entries = std::fs::read_dir(folder).with_context(|| format!("fonts: {}", folder.display()))?;
        let mut files: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
        files.retain(|f| f.extension().is_some_and(|e| e == "ttf"));
        files.sort();
        let fonts = files
            .iter()
            .map(|file| {
                let font = FontVec::try_from_vec(std::fs::read(file)?).ok();
                font.with_context(|| format!("{}: expected a font", file.display()))
            })
            .collect::<Result<Vec<_>>>()?;
        anyhow::ensure!(!fonts.is_empty(), "{}: expected .ttf files, found none", folder.display());
        Ok(Self(fonts))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// A line of text in font number `font`, about the middle: capitals as high as twice `half_height`, and narrower than
    /// drawn where it would be wider than twice `half_width`.
    pub fn fit(&self, font: usize, text: &str, (half_width, half_height): Point) -> Contours {
        let font = &self.0[font % self.0.len()];
        let mut contours = Contours::new();
        let mut pen = 0.0;
        for c in text.chars() {
            let id = font.glyph_id(c);
            if let Some(outline) = font.outline(id) {
                append(&mut contours, &outline.curves, pen);
            }
            pen += font.h_advance_unscaled(id);
        }
        let across = contours.iter().flatten().map(|p| p.0);
        let (left, right) = across.fold((f32::MAX, f32::MIN), |(a, b), x| (a.min(x), b.max(x)));
        // Capitals and digits fill the height, whatever hangs below the line.
        let capital = font.outline(font.glyph_id('H')).map_or(1.0, |h| h.bounds.height().abs()).max(1.0);
        let scale_y = 2.0 * half_height / capital;
        let scale_x = scale_y.min(2.0 * half_width / (right - left).max(1.0));
        let (middle_x, middle_y) = (f32::midpoint(left, right), capital / 2.0);
        for point in contours.iter_mut().flatten() {
            // Fonts count upwards.
            *point = ((point.0 - middle_x) * scale_x, (middle_y - point.1) * scale_y);
        }
        contours
    }
}

/// Straight pieces for a curve.
const PIECES: usize = 5;

fn append(contours: &mut Contours, curves: &[OutlineCurve], pen: f32) {
    let mut last: Option<Point> = None;
    for curve in curves {
        let (start, rest): (Point, Vec<Point>) = match curve {
            OutlineCurve::Line(a, b) => ((a.x, a.y), vec![(b.x, b.y)]),
            OutlineCurve::Quad(a, b, c) => (
                (a.x, a.y),
                pieces(|t, u| {
                    (u * u * a.x + 2.0 * u * t * b.x + t * t * c.x, u * u * a.y + 2.0 * u * t * b.y + t * t * c.y)
                }),
            ),
            OutlineCurve::Cubic(a, b, c, d) => (
                (a.x, a.y),
                pieces(|t, u| {
                    let mix = |a: f32, b: f32, c: f32, d: f32| {
                        u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
                    };
                    (mix(a.x, b.x, c.x, d.x), mix(a.y, b.y, c.y, d.y))
                }),
            ),
        };
        if last != Some(start) {
            contours.push(vec![(start.0 + pen, start.1)]);
        }
        last = rest.last().copied();
        if let Some(contour) = contours.last_mut() {
            contour.extend(rest.iter().map(|p| (p.0 + pen, p.1)));
        }
    }
}

fn pieces(curve: impl Fn(f32, f32) -> Point) -> Vec<Point> {
    (1..=PIECES).map(|i| i as f32 / PIECES as f32).map(|t| curve(t, 1.0 - t)).collect()
}
