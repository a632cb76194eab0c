//! Gradient of a convolution's weights.

use std::ops::RangeInclusive;

use crate::{
    kernels::{planes::At, train::conv_wgrad},
    ops::{
        Conv, Counts, Cut, Definition, Lowering, NodeParams, Storage,
        conv::taps::{columns, taps},
        train::whole::whole,
    },
    tensor::{Real, Shape, Tensor},
};

/// For every weight the sum, over all pictures and pixels, of what it was multiplied with and the gradient of what that was added to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvWgrad(pub Conv);

impl Definition for ConvWgrad {
    fn name(&self) -> &'static str {
        "conv_wgrad"
    }

    fn describe(&self) -> String {
        self.0.describe().replacen("conv", "conv_wgrad", 1)
    }

    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let value = self.0.shape(&inputs[..1])?;
        let kernel = Shape::new(self.0.filters, inputs[0].c / self.0.groups, self.0.size * self.0.size);
        if inputs[1] == value { Ok(kernel) } else { Err(format!("expected a gradient of shape {value}")) }
    }

    fn summed(&self) -> bool {
        true
    }

    fn counts(&self, inputs: &[Shape], _: Shape) -> Counts {
        Counts { macs: self.0.counts(&inputs[..1], inputs[1]).macs, ..Counts::default() }
    }

    whole!();

    /// OIHW, of x and dy.
    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        _: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let (op, x, dy) = (&self.0, inputs[0], inputs[1]);
        let (group_ic, group_oc) = (x.shape.c / op.groups, op.filters / op.groups);
        Ok(Tensor::by_plane(value, |oc, kernel| {
            let above = dy.plane(oc);
            for (i, kernel) in kernel.chunks_exact_mut(op.size * op.size).enumerate() {
                let source = x.plane(oc / group_oc * group_ic + i);
                for tap in taps(op) {
                    let (first, last) = columns(x.shape.w, dy.shape.w, op.stride_x, tap.right);
                    let mut sum = 0.0;
                    for oy in 0..dy.shape.h {
                        let y = (oy * op.stride_y) as i64 + tap.down;
                        if y < 0 || y >= x.shape.h as i64 || first >= last {
                            continue;
                        }
                        let row = &source[y as usize * x.shape.w..][..x.shape.w];
                        let row = &row[((first * op.stride_x) as i64 + tap.right) as usize..];
                        let pairs = row.iter().step_by(op.stride_x).zip(&above[oy * dy.shape.w..][first..last]);
                        sum += pairs.map(|(x, dy)| x.wide() * dy.wide()).sum::<f64>();
                    }
                    kernel[tap.number] = T::of(sum);
                }
            }
        }))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(conv_wgrad::dispatch((&self.0).into(), reads, dst))
    }
}
