//! Elementwise activations.

use std::ops::RangeInclusive;

use crate::{
    kernels::{activation, planes::At},
    ops::{Activation, Counts, Cut, Definition, Lowering, NodeParams, Storage},
    tensor::{Real, Shape, Tensor},
};

impl Definition for Activation {
    fn name(&self) -> &'static str {
        "activation"
    }

    fn describe(&self) -> String {
        format!("activation{}", suffix(*self))
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    fn storage(&self) -> Storage {
        Storage::Own
    }

    fn cut(&self) -> Cut {
        Cut::Channels { or_input: false }
    }

    fn alone(&self) -> &'static str {
        "does not follow a convolution of which it is the only reader"
    }

    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let data = inputs[0].data.iter().map(|v| T::of(activate(*self, v.wide()))).collect();
        Ok(Tensor { shape: value, data })
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(activation::dispatch(*self, reads[0], dst))
    }
}

/// `kind(x)` of one number, in f64.
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
        Activation::Elu => {
            if x > 0.0 {
                x
            } else {
                x.exp_m1()
            }
        }
    }
}

/// The slope of `kind` at x; at a kink that of the side below.
#[cfg(feature = "train")]
pub fn slope(kind: Activation, x: f64) -> f64 {
    let above = |kink: f64, then: f64, otherwise: f64| if x > kink { then } else { otherwise };
    match kind {
        Activation::Linear => 1.0,
        Activation::Leaky(slope) => above(0.0, 1.0, f64::from(slope)),
        Activation::Relu => above(0.0, 1.0, 0.0),
        Activation::Relu6 => above(0.0, above(6.0, 0.0, 1.0), 0.0),
        Activation::Mish => {
            let t = (if x > 20.0 { x } else { x.exp().ln_1p() }).tanh();
            t + x * (1.0 - t * t) * logistic(x)
        }
        Activation::Swish => {
            let y = logistic(x);
            y + x * y * (1.0 - y)
        }
        Activation::Logistic => {
            let y = logistic(x);
            y * (1.0 - y)
        }
        Activation::HardMish => above(0.0, 1.0, above(-2.0, x + 1.0, 0.0)),
        Activation::Elu => above(0.0, 1.0, x.exp()),
    }
}

/// `1 / (1 + e^-x)`
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// What is put after the name of an op that has this activation: nothing for none.
pub(super) fn suffix(kind: Activation) -> String {
    match kind {
        Activation::Linear => String::new(),
        Activation::Leaky(slope) => format!(" leaky({slope})"),
        Activation::Relu
        | Activation::Relu6
        | Activation::Mish
        | Activation::Swish
        | Activation::Logistic
        | Activation::HardMish
        | Activation::Elu => format!(" {}", kind.name()),
    }
}
