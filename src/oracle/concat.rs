//! Values one above the other in channels, and a range of channels.

use crate::tensor::{Shape, Tensor};

/// All inputs, in order.
pub fn concat(inputs: &[&Tensor]) -> Tensor {
    let first = inputs[0].shape;
    let data: Vec<f32> = inputs.iter().flat_map(|t| t.data.iter().copied()).collect();
    Tensor { shape: Shape::new(data.len() / first.pixels(), first.h, first.w), data }
}

/// Channels `start .. start + count`.
pub fn slice(x: &Tensor, start: usize, count: usize) -> Tensor {
    let n = x.shape.pixels();
    let data = x.data[start * n..(start + count) * n].to_vec();
    Tensor { shape: Shape::new(count, x.shape.h, x.shape.w), data }
}
