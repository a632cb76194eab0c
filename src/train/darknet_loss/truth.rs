//! What is to be found.

use crate::train::darknet_loss::YoloSection;

/// A labelled box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truth {
    /// Number of the class, from 0.
    pub class: usize,
    /// Centre from the left, as a fraction of the canvas.
    pub cx: f64,
    /// Centre from the top, as a fraction of the canvas.
    pub cy: f64,
    /// Width as a fraction of the canvas.
    pub w: f64,
    /// Height as a fraction of the canvas.
    pub h: f64,
}

impl Truth {
    /// Darknet's "Wrong label". Darknet warns and then writes to whatever cell the numbers lead to.
    fn wrong(&self) -> bool {
        let inside = |v: f64| (0.0..=1.0).contains(&v);
        let length = |v: f64| v >= 0.0 && v.is_finite();
        !(inside(self.cx) && inside(self.cy) && length(self.w) && length(self.h))
    }

    /// Column and row of the cell that the centre lies in; none on the far edges, where Darknet leaves the row or the plane.
    /// In f32, as Darknet multiplies: 0.29*100 is 29 there and 28 in f64.
    pub(crate) fn cell(&self, grid: (usize, usize)) -> Option<(usize, usize)> {
        let along = |v: f64, cells: usize| {
            let cell = (v as f32 * cells as f32) as usize;
            (cell < cells).then_some(cell)
        };
        Some((along(self.cx, grid.0)?, along(self.cy, grid.1)?))
    }
}

/// The truths of a picture that Darknet looks at: at most `max`, up to the first with x = 0, without those of no class.
pub(crate) fn usable(section: &YoloSection, truths: &[Truth]) -> Vec<Truth> {
    let listed = truths.iter().take(section.max_boxes).take_while(|truth| truth.cx as f32 != 0.0);
    listed.filter(|truth| truth.class < section.classes && !truth.wrong()).copied().collect()
}
