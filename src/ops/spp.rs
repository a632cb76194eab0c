//! Spatial pyramid pooling: three max pools of one value and the value itself, one above the other.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, spp},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Pool, Sight, Storage},
    tensor::{Real, Shape, Tensor},
};

/// Stride-1 pools in concat order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spp {
    /// Window of each slice: `[13, 9, 5, 1]` in Darknet. A size of 1 is the input itself.
    pub sizes: [usize; 4],
}

impl Definition for Spp {
    fn name(&self) -> &'static str {
        "spp"
    }

    fn describe(&self) -> String {
        format!("spp {}", self.sizes.map(|s| s.to_string()).join(","))
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(Shape { c: inputs[0].c * self.sizes.len(), ..inputs[0] })
    }

    fn sight(&self) -> Sight {
        Sight { size: self.sizes.into_iter().max().unwrap_or(1), ..Sight::PIXEL }
    }

    fn counts(&self, _: &[Shape], _: Shape) -> Counts {
        // It is counted as the pools that it was made of.
        Counts::default()
    }

    fn storage(&self) -> Storage {
        Storage::Own
    }

    fn cut(&self) -> Cut {
        Cut::Pools { sizes: self.sizes }
    }

    fn alone(&self) -> &'static str {
        "three pools and a concat in one; windows need pixels of several workgroups"
    }

    /// The pools one after the other.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        numbers: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let mut data = Vec::with_capacity(value.elements());
        for size in self.sizes {
            data.extend(Pool::same(size).play(inputs, numbers, inputs[0].shape)?.data);
        }
        Ok(Tensor { shape: value, data })
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(spp::dispatch(self.sizes, reads[0], dst))
    }
}
