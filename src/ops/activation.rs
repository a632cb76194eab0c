//! Elementwise activations.

use std::ops::RangeInclusive;

use crate::{
    kernels::{activation, planes::At},
    ops::{Activation, Counts, Cut, Definition, Lowering, NodeParams, Storage},
    tensor::{Shape, Tensor},
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

    fn play(&self, inputs: &[&Tensor], _: Option<&NodeParams>, value: Shape) -> Result<Tensor, String> {
        let data = inputs[0].data.iter().map(|v| activate(*self, f64::from(*v)) as f32).collect();
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
