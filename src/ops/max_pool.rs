//! Max pool (`[maxpool]`).

use std::ops::RangeInclusive;

use crate::{
    kernels::{max_pool, planes::At},
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Storage, pooled},
    tensor::{Shape, Tensor},
};

/// A max pool: taps outside the picture count as minus infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Rows and columns of the window.
    pub size: usize,
    /// Step down, in rows.
    pub stride_y: usize,
    /// Step right, in columns.
    pub stride_x: usize,
    /// Total padding (`padding`, default size - 1); the window starts at `-(padding / 2)`.
    pub padding: usize,
}

impl Pool {
    /// A pool in steps of one that leaves rows and columns as they are.
    pub const fn same(size: usize) -> Self {
        Self { size, stride_y: 1, stride_x: 1, padding: size - 1 }
    }
}

impl Definition for Pool {
    fn name(&self) -> &'static str {
        "max_pool"
    }

    fn describe(&self) -> String {
        format!("max_pool {0}x{0}/{1}", self.size, self.stride_y)
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (h, w) = pooled(inputs[0], self.size, (self.stride_y, self.stride_x), self.padding)?;
        Ok(Shape::new(inputs[0].c, h, w))
    }

    fn counts(&self, _: &[Shape], value: Shape) -> Counts {
        Counts { others: value.elements() as u64 * (self.size * self.size) as u64, ..Counts::default() }
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

    /// The maximum of each window; windows start at `-(padding / 2)`.
    fn play(&self, inputs: &[&Tensor], _: Option<&NodeParams>, value: Shape) -> Result<Tensor, String> {
        let x = inputs[0];
        let offset = (self.padding / 2) as i64;
        Ok(Tensor::by_plane(value, |c, plane| {
            let source = x.plane(c);
            for (i, out) in plane.iter_mut().enumerate() {
                let (oy, ox) = (i / value.w, i % value.w);
                let (y0, x0) = ((oy * self.stride_y) as i64 - offset, (ox * self.stride_x) as i64 - offset);
                let inside = |from: i64, side: usize| from.max(0)..(from + self.size as i64).min(side as i64);
                let mut best = f32::MIN;
                for y in inside(y0, x.shape.h) {
                    for x_ in inside(x0, x.shape.w) {
                        best = best.max(source[y as usize * x.shape.w + x_ as usize]);
                    }
                }
                *out = best;
            }
        }))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        let stride = (self.stride_y, self.stride_x);
        let window = max_pool::Window { size: self.size, stride, offset: self.padding / 2 };
        Lowering::Kernel(max_pool::dispatch(window, reads[0], dst))
    }
}
