//! Gradient of what a max pool reads.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::max_pool_grad},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Pool, Storage, train::whole::whole},
    tensor::{Real, Shape, Tensor},
};

/// Every gradient handed to the first of the largest taps of its window, rows first, as Darknet has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPoolGrad(pub Pool);

impl Definition for MaxPoolGrad {
    fn name(&self) -> &'static str {
        "max_pool_grad"
    }

    fn describe(&self) -> String {
        self.0.describe().replacen("max_pool", "max_pool_grad", 1)
    }

    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let value = self.0.shape(&inputs[..1])?;
        if inputs[1] == value { Ok(inputs[0]) } else { Err(format!("expected a gradient of shape {value}")) }
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    whole!();

    /// Of x and dy.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let (x, dy) = (inputs[0], inputs[1]);
        Ok(Tensor::by_plane(value, |c, plane: &mut [T]| {
            let source = x.plane(c);
            for (i, dy_) in dy.plane(c).iter().enumerate() {
                let [rows, columns] = self.0.taps((i / dy.shape.w, i % dy.shape.w), x.shape);
                let taps = rows.flat_map(|y| columns.clone().map(move |x_| y * value.w + x_));
                // A window that no number is larger than the least of hands nothing back.
                let first = taps.fold((f64::from(f32::MIN), None), |(most, at), tap| match source[tap].wide() {
                    v if v > most => (v, Some(tap)),
                    _ => (most, at),
                });
                if let Some(tap) = first.1 {
                    plane[tap] = T::of(plane[tap].wide() + dy_.wide());
                }
            }
        }))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(max_pool_grad::dispatch(self.0.window(), reads, dst))
    }
}
