//! A page of every kind, to print and hold before a camera.

use std::path::Path;

use anyhow::Result;

use crate::{
    dataset,
    painter::Painter,
    pose::Pose,
    signs::{self, Kind, Look},
    text::Fonts,
};

/// A4 at 150 dots an inch.
const PAGE: (u32, u32) = (1240, 1754);

/// Draws the page; `path` ends in `.png`.
pub fn write(path: &Path, fonts: &Fonts) -> Result<()> {
    let mut p = Painter::new(PAGE.0, PAGE.1)?;
    p.rect((0.0, 0.0, p.width(), p.height()), [255, 255, 255], 1.0);
    let (columns, rows) = (2, Kind::ALL.len() / 2);
    let cell = (p.width() / columns as f32, p.height() / rows as f32);
    for (i, kind) in Kind::ALL.into_iter().enumerate() {
        let (column, row) = (i % columns, i / columns);
        let centre = (cell.0 * (column as f32 + 0.5), cell.1 * (row as f32 + 0.46));
        // Variant 4: a limit of 50, an exclamation mark, an arrow up and to the left.
        signs::draw(&mut p, kind, &Pose::flat(centre, cell.1 * 0.38), &Look::plain(4), fonts, 0.0);
        let name = fonts.fit(0, kind.name(), (cell.0 * 0.4, cell.1 * 0.03));
        p.contours_at(&name, (centre.0, cell.1 * (row as f32 + 0.93)), [90, 90, 90]);
    }
    dataset::png(path, &p.rgb(), PAGE.0, PAGE.1)
}
