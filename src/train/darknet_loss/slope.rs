//! How the overlap grows with x, y, w and h of the predicted box: Darknet's formulae, and the true derivatives.

use crate::train::darknet_loss::{
    IouKind,
    dual::{Differentiable, Dual},
    overlap::{AspectWeight, Rect, overlap_weighted},
};
use std::f64::consts::PI;

/// The true derivatives by x, y, w, h, and the overlap itself.
pub(crate) fn exact(kind: IouKind, pred: Rect<f64>, truth: Rect<f64>) -> ([f64; 4], f64) {
    exact_weighted(kind, AspectWeight::Part, pred, truth)
}

/// As [`exact`].
pub(crate) fn exact_weighted(
    kind: IouKind,
    weight: AspectWeight,
    pred: Rect<f64>,
    truth: Rect<f64>,
) -> ([f64; 4], f64) {
    let variables = Rect {
        x: Dual::variable(pred.x, 0),
        y: Dual::variable(pred.y, 1),
        w: Dual::variable(pred.w, 2),
        h: Dual::variable(pred.h, 3),
    };
    let overlap = overlap_weighted(kind, weight, variables, truth.constant());
    (overlap.slope, overlap.value())
}

/// One axis of a predicted box and its truth.
struct Axis {
    /// From the prediction's centre to the truth's.
    way: f64,
    /// Length of the prediction.
    length: f64,
    /// Negative where the two lie apart: Darknet does not cut it off here.
    shared: f64,
    span: f64,
    /// The prediction's low and high end lie inside the truth: the intersection moves with them.
    inside: [bool; 2],
    /// They lie outside: the hull moves with them.
    outside: [bool; 2],
}

impl Axis {
    fn new(pred: (f64, f64), truth: (f64, f64)) -> Self {
        let ends = |(centre, length): (f64, f64)| [centre - length / 2.0, centre + length / 2.0];
        let (p, t) = (ends(pred), ends(truth));
        Self {
            way: truth.0 - pred.0,
            length: p[1] - p[0],
            shared: p[1].min(t[1]) - p[0].max(t[0]),
            span: p[1].max(t[1]) - p[0].min(t[0]),
            inside: [p[0] > t[0], p[1] < t[1]],
            outside: [p[0] < t[0], p[1] > t[1]],
        }
    }

    /// By centre and length, from derivatives by the low and the high end. Half the difference would be right for the
    /// length; Darknet takes the whole.
    fn by_ends([low, high]: [f64; 2]) -> [f64; 2] {
        [low + high, high - low]
    }

    /// Of `-S/diagonal`, S being the squared distance of the centres. In the centre Darknet subtracts what the hull adds.
    fn distance(&self, distance: f64, diagonal: f64) -> [f64; 2] {
        let moved = self.outside.map(|out| if out { 1.0 } else { 0.0 });
        let hull = |by: f64| 2.0 * self.span * by * distance;
        [
            (2.0 * self.way * diagonal - hull(moved[1] - moved[0])) / (diagonal * diagonal),
            hull(0.5 * (moved[1] + moved[0])) / (diagonal * diagonal),
        ]
    }
}

/// Areas of both boxes.
struct Areas {
    intersection: f64,
    union: f64,
    hull: f64,
    apart: bool,
}

impl Areas {
    /// Derivatives of IoU (and GIoU's term) by the ends of `axis`; `other` is the other one.
    fn by_ends(&self, kind: IouKind, axis: &Axis, other: &Axis) -> [f64; 2] {
        std::array::from_fn(|end| {
            let outwards = if end == 0 { -1.0 } else { 1.0 };
            let when = |yes: bool, length: f64| if yes { outwards * length } else { 0.0 };
            let intersection = when(axis.inside[end], other.shared);
            let union = outwards * other.length - intersection;
            let hull = when(axis.outside[end], other.span);
            let iou = if self.union > 0.0 {
                (self.union * intersection - self.intersection * union) / (self.union * self.union)
            } else {
                0.0
            };
            let term = (self.hull * union - self.union * hull) / (self.hull * self.hull);
            match kind {
                IouKind::Giou if self.apart => term,
                IouKind::Giou if self.hull > 0.0 => iou + term,
                _ => iou,
            }
        })
    }
}

/// Darknet's derivatives by x, y, w, h (`dx_box_iou`). They are right in x and y of IoU and GIoU where the boxes meet, and
/// twice the right ones in w and h. Of DIoU and CIoU, the distance's term has a wrong sign in x and y and is not doubled
/// in w and h; the aspect's term lacks 1/(w^2+h^2).
pub(crate) fn darknet(kind: IouKind, mut pred: Rect<f64>, truth: Rect<f64>) -> [f64; 4] {
    // A side of zero would divide by zero below.
    for side in [&mut pred.w, &mut pred.h] {
        if *side == 0.0 {
            *side = 1.0;
        }
    }
    let across = Axis::new((pred.x, pred.w), (truth.x, truth.w));
    let down = Axis::new((pred.y, pred.h), (truth.y, truth.h));
    let intersection = across.shared * down.shared;
    let areas = Areas {
        intersection,
        union: across.length * down.length + truth.w * truth.h - intersection,
        hull: across.span * down.span,
        apart: across.shared <= 0.0 || down.shared <= 0.0,
    };
    let [x, w] = Axis::by_ends(areas.by_ends(kind, &across, &down));
    let [y, h] = Axis::by_ends(areas.by_ends(kind, &down, &across));
    let iou = [x, y, w, h];
    if matches!(kind, IouKind::Iou | IouKind::Giou) {
        return iou;
    }
    let distance = across.way * across.way + down.way * down.way;
    let diagonal = across.span * across.span + down.span * down.span;
    let [x, w] = across.distance(distance, diagonal);
    let [y, h] = down.distance(distance, diagonal);
    let aspect = if kind == IouKind::Ciou { aspect(pred, truth, areas.intersection / areas.union) } else { [0.0; 2] };
    let term = [x, y, w + aspect[0], h + aspect[1]];
    if areas.apart {
        term
    } else if diagonal > 0.0 {
        std::array::from_fn(|i| iou[i] + term[i])
    } else {
        iou
    }
}

/// CIoU's term of the aspect ratios, by w and h, with its weight held constant.
fn aspect(pred: Rect<f64>, truth: Rect<f64>, iou: f64) -> [f64; 2] {
    let angle = (truth.w / truth.h).atan() - (pred.w / pred.h).atan();
    let v = 4.0 / (PI * PI) * angle * angle;
    let weight = v / (1.0 - iou + v + 1e-6);
    let by = weight * 8.0 / (PI * PI) * angle;
    [by * pred.h, -by * pred.w]
}
