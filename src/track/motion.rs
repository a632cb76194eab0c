//! Where a box will be: constant velocity with noise.

use crate::detect::BoxPx;

/// Deviation of a position, as a part of the box's side (SORT and its descendants).
const POSITION: f64 = 1.0 / 20.0;
/// Deviation of a velocity per frame, as a part of the box's side.
const VELOCITY: f64 = 1.0 / 160.0;
/// No side becomes smaller than this by prediction, in pixels.
const LEAST: f64 = 1e-3;

/// One coordinate and its velocity, with their covariance.
///
/// The noise of the usual eight-state filter is diagonal and its motion couples a coordinate with its own velocity only,
/// so it falls apart into four of these.
#[derive(Clone, Copy, Debug)]
struct Axis {
    at: f64,
    velocity: f64,
    /// Variance of the place, covariance, variance of the velocity.
    p: [f64; 3],
}

impl Axis {
    /// At rest, with wide doubt about the velocity; `side` is the box's.
    fn new(at: f64, side: f64) -> Self {
        let (place, velocity) = (2.0 * POSITION * side, 10.0 * VELOCITY * side);
        Self { at, velocity: 0.0, p: [place * place, 0.0, velocity * velocity] }
    }

    fn predict(&mut self, frames: f64, side: f64) {
        let (place, velocity) = (POSITION * side, VELOCITY * side);
        let [a, b, c] = self.p;
        self.at += frames * self.velocity;
        self.p = [
            a + frames * (2.0 * b + frames * c) + frames * place * place,
            b + frames * c,
            c + frames * velocity * velocity,
        ];
    }

    fn correct(&mut self, found: f64, side: f64) {
        let noise = POSITION * side;
        let [a, b, c] = self.p;
        let sum = a + noise * noise;
        // Only for a box without extent, which is not let in.
        if sum <= 0.0 {
            self.at = found;
            return;
        }
        let (gain, drift) = (a / sum, b / sum);
        let miss = found - self.at;
        self.at += gain * miss;
        self.velocity += drift * miss;
        self.p = [a - gain * a, b - gain * b, c - drift * b];
    }
}

/// A box with its motion: centre and sides.
#[derive(Clone, Copy, Debug)]
pub struct Motion {
    x: Axis,
    y: Axis,
    w: Axis,
    h: Axis,
}

impl Motion {
    /// At rest.
    pub fn new(found: &BoxPx) -> Self {
        let [x, y, w, h] = centred(found);
        Self { x: Axis::new(x, w), y: Axis::new(y, h), w: Axis::new(w, w), h: Axis::new(h, h) }
    }

    /// So many frames on. What is out of sight keeps its size: a size foretold from its last frames, when it was being
    /// covered, shrinks to nothing.
    pub fn predict(&mut self, frames: f64, lost: bool) {
        if lost {
            self.w.velocity = 0.0;
            self.h.velocity = 0.0;
        }
        let (w, h) = (self.w.at, self.h.at);
        self.x.predict(frames, w);
        self.y.predict(frames, h);
        self.w.predict(frames, w);
        self.h.predict(frames, h);
        self.w.at = self.w.at.max(LEAST);
        self.h.at = self.h.at.max(LEAST);
    }

    /// It was found here.
    pub fn correct(&mut self, found: &BoxPx) {
        let [x, y, w, h] = centred(found);
        self.x.correct(x, w);
        self.y.correct(y, h);
        self.w.correct(w, w);
        self.h.correct(h, h);
        self.w.at = self.w.at.max(LEAST);
        self.h.at = self.h.at.max(LEAST);
    }

    /// Left, top, right, bottom.
    pub fn edges(&self) -> [f64; 4] {
        let (w, h) = (0.5 * self.w.at, 0.5 * self.h.at);
        [self.x.at - w, self.y.at - h, self.x.at + w, self.y.at + h]
    }
}

/// Centre and sides.
fn centred(b: &BoxPx) -> [f64; 4] {
    let [x, y, w, h] = [b.x, b.y, b.w, b.h].map(f64::from);
    [x + 0.5 * w, y + 0.5 * h, w, h]
}

/// Left, top, right, bottom.
pub fn edges(b: &BoxPx) -> [f64; 4] {
    let [x, y, w, h] = [b.x, b.y, b.w, b.h].map(f64::from);
    [x, y, x + w, y + h]
}

/// Intersection over union of two boxes given by their edges.
pub fn iou(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    let w = a[2].min(b[2]) - a[0].max(b[0]);
    let h = a[3].min(b[3]) - a[1].max(b[1]);
    if w <= 0.0 || h <= 0.0 {
        return 0.0;
    }
    let area = |e: &[f64; 4]| (e[2] - e[0]) * (e[3] - e[1]);
    w * h / (area(a) + area(b) - w * h)
}
