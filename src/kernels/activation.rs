//! Elementwise activations, on their own and as the epilogue of a convolution.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::{self, At, BINDINGS},
};

/// The activations of Darknet that the family and its kin use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ActivationKind {
    /// `x`
    Linear,
    /// `x` above zero, `slope * x` below; Darknet's slope is 0.1.
    Leaky(f32),
    /// `max(x, 0)`
    Relu,
    /// `clamp(x, 0, 6)`
    Relu6,
    /// `x * tanh(ln(1 + e^x))`, computed without tanh.
    Mish,
    /// `x * logistic(x)`
    Swish,
    /// `1 / (1 + e^-x)`
    Logistic,
    /// `x` above 0, `x^2 / 2 + x` above -2, else 0.
    HardMish,
    /// `x` above 0, `e^x - 1` below.
    Elu,
}

impl ActivationKind {
    /// Each of them, leaky with Darknet's slope: what the suites run over.
    pub const ALL: [Self; 9] = [
        Self::Linear,
        Self::Leaky(0.1),
        Self::Relu,
        Self::Relu6,
        Self::Mish,
        Self::Swish,
        Self::Logistic,
        Self::HardMish,
        Self::Elu,
    ];

    /// The number by which `shaders/shared/activation.wgsl` knows it.
    pub const fn code(self) -> u32 {
        match self {
            Self::Linear => 0,
            Self::Leaky(_) => 1,
            Self::Relu => 2,
            Self::Relu6 => 3,
            Self::Mish => 4,
            Self::Swish => 5,
            Self::Logistic => 6,
            Self::HardMish => 7,
            Self::Elu => 8,
        }
    }

    /// The slope below zero, for the kernels' constants; 0 where there is none.
    pub const fn slope(self) -> f32 {
        match self {
            Self::Leaky(slope) => slope,
            Self::Linear
            | Self::Relu
            | Self::Relu6
            | Self::Mish
            | Self::Swish
            | Self::Logistic
            | Self::HardMish
            | Self::Elu => 0.0,
        }
    }

    /// As the cfg spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Leaky(_) => "leaky",
            Self::Relu => "relu",
            Self::Relu6 => "relu6",
            Self::Mish => "mish",
            Self::Swish => "swish",
            Self::Logistic => "logistic",
            Self::HardMish => "hard_mish",
            Self::Elu => "elu",
        }
    }
}

/// `shaders/activation.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "activation",
    twin: "activation",
    parts: &[part!("shared/activation.wgsl"), part!("shared/planes.wgsl"), part!("activation.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// `dst = kind(src)`
pub fn dispatch(kind: ActivationKind, src: At, dst: At) -> Dispatch {
    let constants = vec![("ACTIVATION", f64::from(kind.code())), ("SLOPE", f64::from(kind.slope()))];
    planes::dispatch(&KERNEL, constants, src, dst, dst.shape.blocks())
}
