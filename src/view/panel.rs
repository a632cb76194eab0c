//! Rectangles and text that the host lays out: a list of quads for `shaders/draw/panel.wgsl`.

use crate::detect::atlas::Atlas;

/// Red, green, blue, opacity; 0 to 1.
pub type Ink = [f32; 4];

/// A rectangle, plain or a letter; field by field the vertex of `shaders/draw/panel.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Quad {
    /// Left, top, right, bottom on the target, in pixels.
    pub rect: [f32; 4],
    /// Left, top, width, height in the atlas; no width for a plain one.
    pub texel: [f32; 4],
    /// Colour.
    pub ink: Ink,
}

/// A layer of quads, the last on top.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    /// What is drawn.
    pub quads: Vec<Quad>,
}

impl Panel {
    /// A plain rectangle.
    pub fn rect(&mut self, x: f32, y: f32, w: f32, h: f32, ink: Ink) {
        self.quads.push(Quad { rect: [x, y, x + w, y + h], texel: [0.0; 4], ink });
    }

    /// A line of text from its left upper corner; returns its length.
    pub fn text(&mut self, atlas: &Atlas, x: f32, y: f32, text: &str, ink: Ink) -> f32 {
        let mut pen = x;
        for character in text.chars() {
            let glyph = atlas.glyph(character);
            let [_, _, w, h] = glyph.texel;
            let (left, top) = ((pen + glyph.offset[0]).round(), (y + glyph.offset[1]).round());
            if w > 0.0 {
                self.quads.push(Quad { rect: [left, top, left + w, top + h], texel: glyph.texel, ink });
            }
            pen += glyph.advance;
        }
        pen - x
    }

    /// Lines of text on a plate, whose left upper corner is given; returns the plate's height.
    pub fn lines(&mut self, atlas: &Atlas, (x, y): (f32, f32), lines: &[(String, Ink)], plate: Ink) -> f32 {
        let pad = (atlas.line * 0.4).round();
        let width = lines.iter().map(|(text, _)| atlas.measure(text)).fold(0.0, f32::max).ceil() + 2.0 * pad;
        let height = atlas.line * lines.len() as f32 + 2.0 * pad;
        self.rect(x, y, width, height, plate);
        for (i, (text, ink)) in lines.iter().enumerate() {
            self.text(atlas, x + pad, y + pad + atlas.line * i as f32, text, *ink);
        }
        height
    }
}
