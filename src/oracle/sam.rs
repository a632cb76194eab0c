//! Elementwise product.

use crate::tensor::Tensor;

/// `a * b`
pub fn sam(a: &Tensor, b: &Tensor) -> Tensor {
    let data = a.data.iter().zip(&b.data).map(|(a, b)| a * b).collect();
    Tensor { shape: a.shape, data }
}
