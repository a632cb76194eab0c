//! The looks that test-time augmentation takes at a picture.

use crate::host::{Candidate, Placement};

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

/// What is on a canvas along one of its sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// First pixel of the canvas that shows the picture, and how many do.
    pub region: (usize, usize),
    /// Where the first of them lies on the picture, in its pixels, from the middle of the first one.
    pub start: f32,
    /// Picture pixels per canvas pixel; negative where left is right.
    pub step: f32,
}

impl Placement {
    /// The same as a look sees it.
    #[must_use]
    pub fn seen_by(&self, look: &Look) -> Self {
        let whole = *look == Look::whole(look.canvas);
        Self { look: (!whole).then_some(*look), ..*self }
    }

    /// Across and down.
    pub fn sampling(&self) -> [Sampling; 2] {
        let look = self.look.unwrap_or(Look::whole(self.canvas));
        let across = [self.image.0, self.canvas.0, self.resized.0, self.offset.0];
        let down = [self.image.1, self.canvas.1, self.resized.1, self.offset.1];
        [self.side(across, look.covered.0, look.mirrored), self.side(down, look.covered.1, false)]
    }

    fn side(&self, [image, canvas, resized, offset]: [usize; 4], covered: usize, mirrored: bool) -> Sampling {
        let (step, first) = match self.align_corners {
            true if resized > 1 => ((image - 1) as f32 / (resized - 1) as f32, 0.0),
            true => (0.0, 0.0),
            false => (image as f32 / resized as f32, 0.5 * (image as f32 / resized as f32) - 0.5),
        };
        let shrink = canvas as f32 / covered as f32;
        let border = |whole: usize| (whole as f32 / shrink).round() as usize;
        let from = if mirrored { canvas - offset - resized } else { offset };
        let (low, high) = (border(from), border(from + resized));
        // Where the middle of the first pixel lies on the whole canvas, then on what was resized.
        let whole = (low as f32 + 0.5) * shrink - 0.5;
        let whole = if mirrored { (canvas - 1) as f32 - whole } else { whole };
        let start = (whole - offset as f32) * step + first;
        Sampling { region: (low, high - low), start, step: if mirrored { -shrink * step } else { shrink * step } }
    }

    /// Whether Darknet's own sampler for files is asked for, which treats the last column and row in its own way; a look has none.
    pub fn aligned(&self) -> bool {
        self.align_corners && self.look.is_none()
    }
}
