//! Every plane times one number.

use crate::tensor::Tensor;

/// `a[c] * b[c]`, b of shape (C,1,1).
pub fn scale_channels(a: &Tensor, b: &Tensor) -> Tensor {
    let mut out = a.clone();
    for (plane, factor) in out.data.chunks_mut(a.shape.pixels()).zip(&b.data) {
        plane.iter_mut().for_each(|v| *v *= factor);
    }
    out
}
