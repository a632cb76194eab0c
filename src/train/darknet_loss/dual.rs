//! Numbers that carry their derivatives.

use std::ops::{Add, Div, Mul, Sub};

/// What the measures of overlap are written for: `f64`, and [`Dual`], from which their derivatives come.
pub(crate) trait Differentiable:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    fn constant(value: f64) -> Self;
    fn value(self) -> f64;
    fn atan(self) -> Self;

    fn larger(self, other: Self) -> Self {
        if self.value() > other.value() { self } else { other }
    }

    fn smaller(self, other: Self) -> Self {
        if self.value() < other.value() { self } else { other }
    }
}

impl Differentiable for f64 {
    fn constant(value: f64) -> Self {
        value
    }

    fn value(self) -> f64 {
        self
    }

    fn atan(self) -> Self {
        f64::atan(self)
    }
}

/// A value and its derivatives by x, y, w and h of the predicted box.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dual {
    value: f64,
    pub slope: [f64; 4],
}

impl Dual {
    /// The `index`th of x, y, w, h.
    pub fn variable(value: f64, index: usize) -> Self {
        Self { value, slope: std::array::from_fn(|i| if i == index { 1.0 } else { 0.0 }) }
    }

    /// A function of two numbers: its value and its two partial derivatives.
    fn chain(self, other: Self, value: f64, by_self: f64, by_other: f64) -> Self {
        Self { value, slope: std::array::from_fn(|i| by_self * self.slope[i] + by_other * other.slope[i]) }
    }
}

impl Differentiable for Dual {
    fn constant(value: f64) -> Self {
        Self { value, slope: [0.0; 4] }
    }

    fn value(self) -> f64 {
        self.value
    }

    fn atan(self) -> Self {
        self.chain(self, self.value.atan(), 1.0 / (1.0 + self.value * self.value), 0.0)
    }
}

impl Add for Dual {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.chain(other, self.value + other.value, 1.0, 1.0)
    }
}

impl Sub for Dual {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.chain(other, self.value - other.value, 1.0, -1.0)
    }
}

impl Mul for Dual {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        self.chain(other, self.value * other.value, other.value, self.value)
    }
}

impl Div for Dual {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        self.chain(other, value, 1.0 / other.value, -value / other.value)
    }
}
