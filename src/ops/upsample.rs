//! Nearest upsampling (`[upsample]`).

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, upsample},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Sight, Storage, enlarged},
    tensor::{Real, Shape, Tensor},
};

/// Every pixel `stride` x `stride` times, multiplied by `scale`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Upsample {
    /// Enlargement, both ways.
    pub stride: usize,
    /// Factor, 1 unless the cfg says otherwise.
    pub scale: f32,
}

impl Definition for Upsample {
    fn name(&self) -> &'static str {
        "upsample"
    }

    fn describe(&self) -> String {
        format!("upsample x{}", self.stride)
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        enlarged(inputs[0], self.stride)
    }

    fn sight(&self) -> Sight {
        Sight { times: self.stride, ..Sight::PIXEL }
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
        let (x, stride) = (inputs[0], self.stride);
        Ok(Tensor::by_plane(value, |c, plane| {
            for (i, out) in plane.iter_mut().enumerate() {
                *out = T::of(f64::from(self.scale) * x.at(c, i / value.w / stride, i % value.w / stride).wide());
            }
        }))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(upsample::dispatch(self.stride, self.scale, reads[0], dst))
    }
}
