//! Average pool over a window (`[local_avgpool]`).

use std::ops::RangeInclusive;

use crate::{
    kernels::{local_avg_pool, planes::At},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Pool, Sight, Storage},
    tensor::{Real, Shape, Tensor},
};

/// The mean of the taps that are inside the picture (Darknet's `forward_local_avgpool_layer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalAvgPool(pub Pool);

impl Definition for LocalAvgPool {
    fn name(&self) -> &'static str {
        "local_avg_pool"
    }

    fn describe(&self) -> String {
        format!("local_avg_pool {0}x{0}/{1}", self.0.size, self.0.stride_y)
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        self.0.pooled(inputs[0])
    }

    fn sight(&self) -> Sight {
        self.0.sees()
    }

    fn counts(&self, _: &[Shape], value: Shape) -> Counts {
        Counts { others: value.elements() as u64 * (self.0.size * self.0.size) as u64, ..Counts::default() }
    }

    fn storage(&self) -> Storage {
        Storage::Own
    }

    fn cut(&self) -> Cut {
        Cut::Channels { or_input: false }
    }

    fn alone(&self) -> &'static str {
        "a window needs pixels of several workgroups of the step before"
    }

    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let x = inputs[0];
        Ok(Tensor::by_plane(value, |c, plane| {
            let source = x.plane(c);
            for (i, out) in plane.iter_mut().enumerate() {
                let [rows, columns] = self.0.taps((i / value.w, i % value.w), x.shape);
                let taps = rows.flat_map(|y| columns.clone().map(move |x_| y * x.shape.w + x_));
                let (count, sum) = taps.fold((0, 0.0), |(n, sum), tap| (n + 1, sum + source[tap].wide()));
                *out = T::of(sum / f64::from(count.max(1)));
            }
        }))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(local_avg_pool::dispatch(self.0.window(), reads[0], dst))
    }
}
