//! Gradient of what an upsample reads.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::upsample_grad},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage, Upsample, train::whole::whole},
    tensor::{Real, Shape, Tensor},
};

/// The sum of the block that a pixel became, times the upsample's factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpsampleGrad(pub Upsample);

impl Definition for UpsampleGrad {
    fn name(&self) -> &'static str {
        "upsample_grad"
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (x, stride) = (inputs[0], self.0.stride);
        let whole = stride > 0 && x.h.is_multiple_of(stride) && x.w.is_multiple_of(stride);
        if whole {
            Ok(Shape::new(x.c, x.h / stride, x.w / stride))
        } else {
            Err(format!("stride {stride} does not divide it"))
        }
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
        let (dy, stride, scale) = (inputs[0], self.0.stride, f64::from(self.0.scale));
        Ok(Tensor::by_plane(value, |c, plane| {
            for (i, out) in plane.iter_mut().enumerate() {
                let (y, x) = (i / value.w * stride, i % value.w * stride);
                let block = (y..y + stride).flat_map(|y| (x..x + stride).map(move |x| (y, x)));
                *out = T::of(scale * block.map(|(y, x)| dy.at(c, y, x).wide()).sum::<f64>());
            }
        }))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(upsample_grad::dispatch(self.0.stride, self.0.scale, reads[0], dst))
    }
}
