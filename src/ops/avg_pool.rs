//! Global average pool (`[avgpool]`).

use std::ops::RangeInclusive;

use crate::{
    kernels::{avg_pool, planes::At},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Sight, Storage},
    tensor::{Real, Shape, Tensor},
};

/// See [`crate::ops::Op::AvgPool`].
pub struct AvgPool;

impl Definition for AvgPool {
    fn name(&self) -> &'static str {
        "avg_pool"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(Shape::new(inputs[0].c, 1, 1))
    }

    fn sight(&self) -> Sight {
        Sight::PLANE
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
        "needs a whole plane of the step before"
    }

    /// The mean of each plane.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let n = inputs[0].shape.pixels();
        let mean = |plane: &[T]| T::of(plane.iter().map(|v| v.wide()).sum::<f64>() / n as f64);
        Ok(Tensor { shape: value, data: inputs[0].data.chunks(n).map(mean).collect() })
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(avg_pool::dispatch(reads[0], dst))
    }
}
