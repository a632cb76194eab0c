//! Batch-norm at inference, as it stands in the file: the GPU has folded it into a convolution.

use crate::tensor::Tensor;

/// `gamma * (x - mean) / sqrt(var + eps) + beta`, per channel.
pub fn batch_norm(x: &Tensor, beta: &[f32], gamma: &[f32], mean: &[f32], var: &[f32], eps: f32) -> Tensor {
    let mut out = x.clone();
    for (c, plane) in out.data.chunks_mut(x.shape.pixels()).enumerate() {
        let deviation = (f64::from(var[c]) + f64::from(eps)).sqrt();
        for v in plane {
            let normal = (f64::from(*v) - f64::from(mean[c])) / deviation;
            *v = (f64::from(gamma[c]) * normal + f64::from(beta[c])) as f32;
        }
    }
    out
}
