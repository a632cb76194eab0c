//! Gradient of what a local average pool reads.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::local_avg_pool_grad},
    ops::{Counts, Cut, Definition, LocalAvgPool, Lowering, NodeParams, Storage, train::whole::whole},
    tensor::{Real, Shape, Tensor},
};

/// Every gradient shared out to the taps of its window that are inside the picture. (Darknet shares it among all, and loses what falls outside.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalAvgPoolGrad {
    /// The pool.
    pub pool: LocalAvgPool,
    /// What it reads.
    pub input: Shape,
}

impl Definition for LocalAvgPoolGrad {
    fn name(&self) -> &'static str {
        "local_avg_pool_grad"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let value = self.pool.shape(&[self.input])?;
        if inputs[0] == value { Ok(self.input) } else { Err(format!("expected a gradient of shape {value}")) }
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    whole!();

    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let dy = inputs[0];
        Ok(Tensor::by_plane(value, |c, plane: &mut [T]| {
            for (i, dy_) in dy.plane(c).iter().enumerate() {
                let [rows, columns] = self.pool.0.taps((i / dy.shape.w, i % dy.shape.w), value);
                let share = dy_.wide() / (rows.len() * columns.len()).max(1) as f64;
                for tap in rows.flat_map(|y| columns.clone().map(move |x| y * value.w + x)) {
                    plane[tap] = T::of(plane[tap].wide() + share);
                }
            }
        }))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(local_avg_pool_grad::dispatch(self.pool.0.window(), reads[0], dst))
    }
}
