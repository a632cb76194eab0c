//! Deltas of classes.

use crate::train::darknet_loss::{head::Spot, sheet::DeltaSheet};

/// Darknet's focal loss has these numbers in its text.
const FOCAL_ALPHA: f64 = 0.5;

impl<T: Copy + Into<f64>> DeltaSheet<'_, T> {
    /// Pulls the spot's classes to `class`. Where an earlier truth has been, only `class` itself is set: the spot then has
    /// both. Returns the probability of `class`.
    pub fn pull_classes(&mut self, spot: Spot, class: usize) -> f64 {
        let section = self.section();
        let at = |class: usize| 5 + class;
        let own = self.reading.at(spot, at(class));
        let p = self.reading.probability(own);
        let multiplier = section.multiplier(class);
        if self.deltas[own] != 0.0 {
            self.set_class(own, self.smoothed(1.0), multiplier);
            return p;
        }
        for other in 0..section.classes {
            let target = if other == class { 1.0 } else { 0.0 };
            let (target, weight) = match (section.focal_loss, other == class) {
                (true, _) => (target, focal_weight(p)),
                // cls_normalizer has no other place than this.
                (false, true) if section.multipliers.is_some() => {
                    (self.smoothed(target), multiplier * section.cls_normalizer)
                }
                (false, _) => (self.smoothed(target), 1.0),
            };
            self.set_class(self.reading.at(spot, at(other)), target, weight);
        }
        p
    }

    /// Leaves the delta as it was where the value is no number.
    pub fn set_class(&mut self, at: usize, target: f64, weight: f64) {
        let delta = weight * (target - self.reading.probability(at));
        if delta.is_finite() {
            self.deltas[at] = delta;
            self.losses[at] = weight * self.probability_loss(at, target);
        }
    }

    fn smoothed(&self, target: f64) -> f64 {
        let eps = self.section().label_smooth_eps;
        target * (1.0 - eps) + 0.5 * eps
    }
}

/// What focal loss multiplies every class delta with, from the probability of the true class alone. For that class the
/// product is the gradient of -alpha (1-p)^2 ln p.
fn focal_weight(p: f64) -> f64 {
    let p = p + 1e-15;
    FOCAL_ALPHA * -(1.0 - p) * (2.0 * p * p.ln() + p - 1.0)
}
