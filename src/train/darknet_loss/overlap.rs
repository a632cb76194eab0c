//! How far two boxes overlap, in Darknet's four measures.

use crate::train::darknet_loss::{IouKind, Truth, dual::Differentiable};
use std::f64::consts::PI;

/// A box by its centre and sides, as fractions of the canvas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rect<N> {
    pub x: N,
    pub y: N,
    pub w: N,
    pub h: N,
}

impl Rect<f64> {
    pub fn of(truth: &Truth) -> Self {
        Self { x: truth.cx, y: truth.cy, w: truth.w, h: truth.h }
    }

    /// A box of this size around the origin, for comparing shapes.
    pub fn shape(w: f64, h: f64) -> Self {
        Self { x: 0.0, y: 0.0, w, h }
    }

    pub fn constant<N: Differentiable>(self) -> Rect<N> {
        Rect { x: N::constant(self.x), y: N::constant(self.y), w: N::constant(self.w), h: N::constant(self.h) }
    }
}

/// A side of a box on its axis.
fn ends<N: Differentiable>(centre: N, length: N) -> (N, N) {
    let half = length * N::constant(0.5);
    (centre - half, centre + half)
}

/// What two sides share on their axis; negative where they lie apart.
fn shared<N: Differentiable>(a: (N, N), b: (N, N)) -> N {
    a.1.smaller(b.1) - a.0.larger(b.0)
}

/// What both sides span on their axis.
fn span<N: Differentiable>(a: (N, N), b: (N, N)) -> N {
    a.1.larger(b.1) - a.0.smaller(b.0)
}

/// What CIoU's weight of the aspect ratios is to its derivatives; the value is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AspectWeight {
    /// A part of the function.
    Part,
    /// A constant, as the paper of CIoU has it.
    Held,
}

/// Overlap of `a` with the truth `b`. Zero or not a number where a box has no area.
pub(crate) fn overlap<N: Differentiable>(kind: IouKind, a: Rect<N>, b: Rect<N>) -> N {
    overlap_weighted(kind, AspectWeight::Part, a, b)
}

/// As [`overlap`].
pub(crate) fn overlap_weighted<N: Differentiable>(kind: IouKind, weight: AspectWeight, a: Rect<N>, b: Rect<N>) -> N {
    let zero = N::constant(0.0);
    let (across, down) = ((ends(a.x, a.w), ends(b.x, b.w)), (ends(a.y, a.h), ends(b.y, b.h)));
    let (width, height) = (shared(across.0, across.1), shared(down.0, down.1));
    let apart = width.value() < 0.0 || height.value() < 0.0;
    let intersection = if apart { zero } else { width * height };
    let union = a.w * a.h + b.w * b.h - intersection;
    let empty = intersection.value() == 0.0 || union.value() == 0.0;
    let iou = if empty { zero } else { intersection / union };
    let (width, height) = (span(across.0, across.1), span(down.0, down.1));
    match kind {
        IouKind::Iou => iou,
        IouKind::Giou => {
            let hull = width * height;
            if hull.value() == 0.0 { iou } else { iou - (hull - union) / hull }
        }
        IouKind::Diou | IouKind::Ciou => {
            let diagonal = width * width + height * height;
            if diagonal.value() == 0.0 {
                return iou;
            }
            let (dx, dy) = (a.x - b.x, a.y - b.y);
            let diou = iou - (dx * dx + dy * dy) / diagonal;
            match (kind, weight) {
                (IouKind::Diou, _) => diou,
                (_, AspectWeight::Part) => diou - aspect_term(iou, a, b),
                (_, AspectWeight::Held) => {
                    let weight = aspect_weight(iou, a, b).value();
                    diou - N::constant(weight) * aspect_error(a, b)
                }
            }
        }
    }
}

/// CIoU's term of the aspect ratios. Its weight counts as a part of the function, where the paper holds it constant.
fn aspect_term<N: Differentiable>(iou: N, a: Rect<N>, b: Rect<N>) -> N {
    aspect_weight(iou, a, b) * aspect_error(a, b)
}

fn aspect_weight<N: Differentiable>(iou: N, a: Rect<N>, b: Rect<N>) -> N {
    let v = aspect_error(a, b);
    v / (N::constant(1.0) - iou + v + N::constant(1e-6))
}

fn aspect_error<N: Differentiable>(a: Rect<N>, b: Rect<N>) -> N {
    let angle = (b.w / b.h).atan() - (a.w / a.h).atan();
    N::constant(4.0 / (PI * PI)) * angle * angle
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Unit squares, shifted by half: intersection 1/2, union 3/2, hull 3/2, distance 1/4 over 13/4.
    #[test]
    fn measures_of_shifted_squares() {
        let at = |x: f64| Rect { x, y: 0.0, w: 1.0, h: 1.0 };
        let of = |kind| overlap(kind, at(0.5), at(0.0));
        assert!((of(IouKind::Iou) - 1.0 / 3.0).abs() < 1e-15);
        assert!((of(IouKind::Giou) - 1.0 / 3.0).abs() < 1e-15);
        assert!((of(IouKind::Diou) - (1.0 / 3.0 - 1.0 / 13.0)).abs() < 1e-15);
        assert!((of(IouKind::Ciou) - of(IouKind::Diou)).abs() < 1e-15);
    }

    /// Unit squares with a gap of one: nothing shared, a third of the hull empty, distance 4 over 10.
    #[test]
    fn measures_of_squares_apart() {
        let at = |x: f64| Rect { x, y: 0.0, w: 1.0, h: 1.0 };
        let of = |kind| overlap(kind, at(2.0), at(0.0));
        assert_eq!(of(IouKind::Iou), 0.0);
        assert!((of(IouKind::Giou) + 1.0 / 3.0).abs() < 1e-15);
        assert!((of(IouKind::Diou) + 0.4).abs() < 1e-15);
    }

    /// Half as wide, around the same centre: IoU 1/2, and v = 4/pi^2 (pi/4 - atan 1/2)^2.
    #[test]
    fn aspect_of_a_narrower_box() {
        let ciou = overlap(IouKind::Ciou, Rect::shape(0.5, 1.0), Rect::shape(1.0, 1.0));
        let v = 4.0 / (PI * PI) * (PI / 4.0 - 0.5f64.atan()).powi(2);
        assert!((ciou - (0.5 - v * v / (0.5 + v + 1e-6))).abs() < 1e-15);
    }
}
