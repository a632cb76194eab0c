//! Max pool (`[maxpool]`).

use std::ops::{Range, RangeInclusive};

use crate::{
    kernels::{
        max_pool,
        planes::{At, Window},
    },
    ops::{Counts, Cut, Definition, Lowering, NodeParams, Sight, Storage, pooled},
    tensor::{Real, Shape, Tensor},
};

/// The window of a pool; taps outside the picture do not count.
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

    /// Shape of what it makes of a value.
    pub(super) fn pooled(&self, x: Shape) -> Result<Shape, String> {
        let (h, w) = pooled(x, self.size, (self.stride_y, self.stride_x), self.padding)?;
        Ok(Shape::new(x.c, h, w))
    }

    /// Rows and columns of the input under the window of one output.
    pub(super) fn taps(&self, (oy, ox): (usize, usize), x: Shape) -> [Range<usize>; 2] {
        let side = |from: usize, side: usize| {
            let first = from as i64 - (self.padding / 2) as i64;
            first.max(0) as usize..(first + self.size as i64).clamp(0, side as i64) as usize
        };
        [side(oy * self.stride_y, x.h), side(ox * self.stride_x, x.w)]
    }

    /// As [`Definition::sight`].
    pub(super) fn sees(&self) -> Sight {
        Sight { size: self.size, stride: self.stride_y.max(self.stride_x), times: 1 }
    }

    /// As its kernel is told.
    pub(super) const fn window(&self) -> Window {
        Window { size: self.size, stride: (self.stride_y, self.stride_x), offset: self.padding / 2 }
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
        self.pooled(inputs[0])
    }

    fn sight(&self) -> Sight {
        self.sees()
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
                let [rows, columns] = self.taps((i / value.w, i % value.w), x.shape);
                *out = T::of(f64::from(f32::MIN));
                for y in rows {
                    for x_ in columns.clone() {
                        let tap = source[y * x.shape.w + x_];
                        if tap > *out {
                            *out = tap;
                        }
                    }
                }
            }
        }))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(max_pool::dispatch(self.window(), reads[0], dst))
    }
}
