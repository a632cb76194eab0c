//! Glyphs of a font at one size, in one picture of coverage. Made at start; nothing is drawn that is not in it.

use std::collections::{BTreeMap, BTreeSet};

use ab_glyph::{Font, FontVec, PxScale, ScaleFont, point};

use crate::error::{Error, Result};

/// Columns of the picture.
const WIDTH: usize = 1024;

/// Where a character is, and where it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Glyph {
    /// Left, top, width, height in the atlas; no width for a blank.
    pub texel: [f32; 4],
    /// From the pen and the top of the line to the left upper corner, in whole pixels.
    pub offset: [f32; 2],
    /// To the next character, in pixels.
    pub advance: f32,
}

/// The glyphs of some characters.
#[derive(Clone, Debug)]
pub struct Atlas {
    /// Coverage, [`Atlas::WIDTH`] columns.
    pub coverage: Vec<u8>,
    /// Height of a line, in pixels.
    pub line: f32,
    glyphs: BTreeMap<char, Glyph>,
    missing: BTreeSet<char>,
}

impl Atlas {
    /// Columns of [`Atlas::coverage`].
    pub const WIDTH: usize = WIDTH;

    /// Draws `characters` at a height of `px` pixels. What the font lacks gets its box for missing glyphs.
    ///
    /// # Errors
    /// [`Error::Usage`] if the font cannot be read.
    pub fn bake(font: &[u8], px: f32, characters: impl IntoIterator<Item = char>) -> Result<Self> {
        let broken = |e| Error::Usage(format!("the font is broken: {e}"));
        let font = FontVec::try_from_vec(font.to_vec()).map_err(broken)?;
        let scaled = font.as_scaled(PxScale::from(px));
        let mut atlas =
            Self { coverage: vec![], line: scaled.height().ceil(), glyphs: BTreeMap::new(), missing: BTreeSet::new() };
        let (mut x, mut y, mut row) = (0, 0, 0);
        let all: BTreeSet<char> = characters.into_iter().chain(' '..='~').collect();
        for character in all {
            let mut glyph = scaled.scaled_glyph(character);
            if glyph.id.0 == 0 {
                atlas.missing.insert(character);
            }
            let advance = scaled.h_advance(glyph.id);
            glyph.position = point(0.0, scaled.ascent());
            let mut entry = Glyph { advance, ..Glyph::default() };
            if let Some(outline) = font.outline_glyph(glyph) {
                let bounds = outline.px_bounds();
                let (w, h) = ((bounds.width().ceil() as usize).min(WIDTH), bounds.height().ceil() as usize);
                if x + w > WIDTH {
                    (x, y, row) = (0, y + row + 1, 0);
                }
                atlas.coverage.resize(atlas.coverage.len().max((y + h) * WIDTH), 0);
                outline.draw(|gx, gy, cover| {
                    let (gx, gy) = (gx as usize, gy as usize);
                    if gx < w && gy < h {
                        atlas.coverage[(y + gy) * WIDTH + x + gx] = (cover * 255.0).round() as u8;
                    }
                });
                entry.texel = [x as f32, y as f32, w as f32, h as f32];
                entry.offset = [bounds.min.x, bounds.min.y];
                (x, row) = (x + w + 1, row.max(h));
            }
            atlas.glyphs.insert(character, entry);
        }
        Ok(atlas)
    }

    /// Rows of [`Atlas::coverage`].
    pub fn height(&self) -> usize {
        self.coverage.len() / WIDTH
    }

    /// A character's glyph, or a question mark's.
    pub fn glyph(&self, character: char) -> Glyph {
        let found = self.glyphs.get(&character).or_else(|| self.glyphs.get(&'?'));
        found.copied().unwrap_or_default()
    }

    /// Characters that the font has no shape for.
    pub fn missing(&self) -> &BTreeSet<char> {
        &self.missing
    }

    /// Length of a line of text, in pixels.
    pub fn measure(&self, text: &str) -> f32 {
        text.chars().map(|c| self.glyph(c).advance).sum()
    }
}
