//! Gradients of gamma and beta.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::batch_norm_sums},
    ops::{
        Counts, Cut, Definition, Lowering, NodeParams, Storage,
        train::normal::{Normal, statistics},
        train::whole::whole,
    },
    tensor::{Real, Shape, Tensor},
};

/// See [`crate::ops::TrainOp::BatchNormSums`].
pub struct BatchNormSums;

impl Definition for BatchNormSums {
    fn name(&self) -> &'static str {
        "batch_norm_sums"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        4..=4
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let x = statistics(&inputs[..3])?;
        if inputs[3] == x { Ok(Shape::new(x.c, 1, 2)) } else { Err(format!("expected a gradient of shape {x}")) }
    }

    fn summed(&self) -> bool {
        true
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        Counts::default()
    }

    whole!();

    /// Of x, mean, variance and dy: for each channel `sum(dy * normal(x))`, which is gamma's, and `sum(dy)`, beta's.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        numbers: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let (normal, dy) = (Normal::new(inputs, numbers)?, inputs[3]);
        let sums = |c: usize| {
            let channel = normal.channel(c);
            let pairs = inputs[0].plane(c).iter().zip(dy.plane(c));
            let sums =
                pairs.fold([0.0; 2], |[gamma, beta], (x, dy)| [gamma + dy.wide() * channel.of(*x), beta + dy.wide()]);
            sums.map(T::of)
        };
        Ok(Tensor { shape: value, data: (0..value.c).flat_map(sums).collect() })
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(batch_norm_sums::dispatch(reads, dst))
    }
}
