//! Gradients that are no longer than is allowed: all of them together are one vector.

use crate::tensor::Real;

/// The length of all lists together.
pub fn norm<'a, T: Real>(lists: impl IntoIterator<Item = &'a [T]>) -> f64 {
    lists.into_iter().flatten().map(|number| number.wide() * number.wide()).sum::<f64>().sqrt()
}

/// What gradients of this length are multiplied with for one of at most `limit`.
pub fn factor(norm: f64, limit: Option<f64>) -> f64 {
    limit.filter(|limit| norm > *limit).map_or(1.0, |limit| limit / norm)
}
