//! Class names as the overlay's vertex shader reads them: one list of letters, and where each class begins in it.

use crate::detect::{atlas::Atlas, draw};

/// One letter; field by field as in `shaders/draw/letters.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Letter {
    /// Left, top, width, height in the atlas.
    pub texel: [f32; 4],
    /// From the start of the text and the top of the line.
    pub place: [f32; 2],
    /// To the next letter.
    pub advance: f32,
    /// A multiple of 16 bytes.
    pub _pad: f32,
}

/// A class; field by field as in `shaders/draw/letters.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Label {
    /// First letter, in the list of all.
    pub first: u32,
    /// Number of letters.
    pub count: u32,
    /// Length in pixels, with the blank behind it.
    pub width: f32,
    /// A multiple of 16 bytes.
    pub _pad: f32,
    /// Red, green, blue of its boxes, 0 to 1; then 1 if the ink on it is white.
    pub colour: [f32; 4],
}

/// What numbers are written with: at the start of the list of letters.
const FIXED: &str = "0123456789%# ";
/// Most letters behind a name: `100% #` and nine digits.
const SUFFIX: usize = 15;
/// Four edges and a plate.
const EDGES: usize = 5;

/// Quads that a box takes: edges, plate, the longest name and its numbers.
pub fn quads(names: &[String]) -> u32 {
    (EDGES + names.iter().map(|name| name.chars().count()).max().unwrap_or(0) + SUFFIX) as u32
}

/// All classes.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// Digits, `%`, `#`, blank; then the names.
    pub letters: Vec<Letter>,
    /// By class.
    pub labels: Vec<Label>,
}

impl Labels {
    /// Names of classes in the glyphs of `atlas`.
    pub fn new(names: &[String], atlas: &Atlas) -> Self {
        let letter = |character, pen: f32| {
            let glyph = atlas.glyph(character);
            let place = [pen + glyph.offset[0], glyph.offset[1]];
            Letter { texel: glyph.texel, place, advance: glyph.advance, _pad: 0.0 }
        };
        let mut letters: Vec<Letter> = FIXED.chars().map(|c| letter(c, 0.0)).collect();
        let mut labels = Vec::with_capacity(names.len());
        for (class, name) in names.iter().enumerate() {
            let first = letters.len();
            let mut pen = 0.0_f32;
            for character in name.chars() {
                // Whole pixels, or the glyphs would blur.
                letters.push(letter(character, pen.round()));
                pen += atlas.glyph(character).advance;
            }
            let count = letters.len() - first;
            let colour = draw::colour(class);
            let [r, g, b] = colour.map(|c| f32::from(c) / 255.0);
            labels.push(Label {
                first: first as u32,
                count: count as u32,
                width: (pen + atlas.glyph(' ').advance).round(),
                _pad: 0.0,
                colour: [r, g, b, f32::from(u8::from(draw::white_ink(colour)))],
            });
        }
        Self { letters, labels }
    }
}
