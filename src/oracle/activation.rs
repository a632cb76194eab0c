//! Elementwise activations, in f64.

use crate::{graph::Activation, tensor::Tensor};

/// `kind(x)` of one number.
pub fn activate(kind: Activation, x: f64) -> f64 {
    match kind {
        Activation::Linear => x,
        Activation::Leaky(slope) => {
            if x > 0.0 {
                x
            } else {
                f64::from(slope) * x
            }
        }
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        // tanh(ln(1 + e^x)); ln_1p keeps the small end, and above 20 the softplus is x itself.
        Activation::Mish => x * (if x > 20.0 { x } else { x.exp().ln_1p() }).tanh(),
        Activation::Swish => x * logistic(x),
        Activation::Logistic => logistic(x),
        Activation::HardMish => {
            if x > 0.0 {
                x
            } else if x > -2.0 {
                x * x / 2.0 + x
            } else {
                0.0
            }
        }
    }
}

/// `1 / (1 + e^-x)`
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Every element.
pub fn activation(kind: Activation, x: &Tensor) -> Tensor {
    let data = x.data.iter().map(|v| activate(kind, f64::from(*v)) as f32).collect();
    Tensor { shape: x.shape, data }
}
