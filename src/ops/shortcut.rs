//! Sum of values (`[shortcut]`); unequal channel counts are allowed, as in Darknet.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, shortcut},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage},
    tensor::{Real, Shape, Tensor},
};

/// See [`crate::ops::Op::Add`].
pub struct Shortcut;

impl Definition for Shortcut {
    fn name(&self) -> &'static str {
        "shortcut"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        2..=usize::MAX
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let x = inputs[0];
        match inputs.iter().find(|s| (s.h, s.w) != (x.h, x.w)) {
            Some(other) => Err(format!("cannot add {other} to {x}")),
            None => Ok(x),
        }
    }

    fn counts(&self, inputs: &[Shape], value: Shape) -> Counts {
        Counts { others: value.elements() as u64 * (inputs.len() as u64 - 1), ..Counts::default() }
    }

    fn storage(&self) -> Storage {
        Storage::Summed
    }

    fn cut(&self) -> Cut {
        // An addend may have fewer channels than the sum.
        Cut::Channels { or_input: true }
    }

    fn alone(&self) -> &'static str {
        "no input is a convolution of which it is the only reader"
    }

    /// The first plus the others; channels that an addend lacks are left alone, those it has more are ignored.
    fn play<T: Real>(&self, inputs: &[&Tensor<T>], _: Option<&NodeParams<T>>, _: Shape) -> Result<Tensor<T>, String> {
        let mut out = inputs[0].clone();
        for more in &inputs[1..] {
            for (sum, v) in out.data.iter_mut().zip(&more.data) {
                *sum = T::of(sum.wide() + v.wide());
            }
        }
        Ok(out)
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(match *reads {
            [a, b, ..] => shortcut::dispatch(false, a, b, dst),
            _ => shortcut::dispatch(true, reads[0], reads[0], dst),
        })
    }
}
