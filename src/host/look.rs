//! The looks that test-time augmentation takes at a picture.

use crate::host::Candidate;

/// The whole canvas of a network, smaller and perhaps mirrored, in the upper left of another of the same size; the rest of that is grey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns and rows of both.
    pub canvas: (usize, usize),
    /// Columns and rows that the whole takes up.
    pub covered: (usize, usize),
    /// Left is right.
    pub mirrored: bool,
}

impl Look {
    /// The canvas as it is.
    pub const fn whole(canvas: (usize, usize)) -> Self {
        Self { canvas, covered: canvas, mirrored: false }
    }

    /// The looks that are taken at a canvas: one, or with test-time augmentation those of [`Look::augmented`].
    pub fn all(canvas: (usize, usize), tta: bool) -> Vec<Self> {
        if tta { Self::augmented(canvas) } else { vec![Self::whole(canvas)] }
    }

    /// Those of the ScaledYOLOv4 code's large branch: as it is, 0.83 of its sides and mirrored, 0.67 of them; in whole pixels, rounded down.
    pub fn augmented(canvas: (usize, usize)) -> Vec<Self> {
        let of = |percent: usize, mirrored| {
            let side = |side: usize| (side * percent / 100).max(1);
            Self { canvas, covered: (side(canvas.0), side(canvas.1)), mirrored }
        };
        vec![Self::whole(canvas), of(83, true), of(67, false)]
    }

    /// A fraction of the look's sides is `a x + b` of the whole's: a and b across, a and b down.
    pub fn to_whole(&self) -> [f32; 4] {
        let across = self.canvas.0 as f32 / self.covered.0 as f32;
        let down = self.canvas.1 as f32 / self.covered.1 as f32;
        if self.mirrored { [-across, 1.0, down, 0.0] } else { [across, 0.0, down, 0.0] }
    }

    /// A box of the look where it is on the whole canvas.
    pub fn undo(&self, found: Candidate) -> Candidate {
        let [ax, bx, ay, by] = self.to_whole();
        let (x, y) = (found.x * ax + bx, found.y * ay + by);
        Candidate { x, y, w: found.w * ax.abs(), h: found.h * ay, ..found }
    }
}
