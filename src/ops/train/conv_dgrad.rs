//! Gradient of what a convolution reads.

use std::ops::RangeInclusive;

use crate::{
    kernels::{
        planes::At,
        train::{ConvGrad, conv_dgrad},
    },
    ops::{
        Conv, Counts, Cut, Definition, Lowering, NodeParams, Storage,
        conv::taps::{columns, taps},
        expect,
        train::whole::whole,
    },
    tensor::{Real, Shape, Tensor},
};

/// A convolution as the kernels of its gradients see it.
impl From<&Conv> for ConvGrad {
    fn from(conv: &Conv) -> Self {
        let Conv { size, stride_y, stride_x, pad, dilation, groups, .. } = *conv;
        Self { size, stride: (stride_y, stride_x), pad, dilation, groups }
    }
}

/// Every sum handed back to the taps that it was made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvDgrad {
    /// The convolution, with its numbers.
    pub conv: Conv,
    /// What it reads.
    pub input: Shape,
}

impl Definition for ConvDgrad {
    fn name(&self) -> &'static str {
        "conv_dgrad"
    }

    fn describe(&self) -> String {
        self.conv.describe().replacen("conv", "conv_dgrad", 1)
    }

    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let value = self.conv.shape(&[self.input])?;
        if inputs[0] == value { Ok(self.input) } else { Err(format!("expected a gradient of shape {value}")) }
    }

    fn counts(&self, inputs: &[Shape], _: Shape) -> Counts {
        Counts { macs: self.conv.counts(&[self.input], inputs[0]).macs, ..Counts::default() }
    }

    whole!();

    fn play<T: Real>(
        &self,
        inputs: &[&Tensor<T>],
        numbers: Option<&NodeParams<T>>,
        value: Shape,
    ) -> Result<Tensor<T>, String> {
        let Some(NodeParams::Conv { weights, .. }) = numbers else { return Err("has no parameters".into()) };
        let (op, dy) = (&self.conv, inputs[0]);
        expect("weights", op.kernel_elements(value.c), weights.len())?;
        let (group_ic, group_oc) = (value.c / op.groups, op.filters / op.groups);
        Ok(Tensor::by_plane(value, |ic, plane| {
            let mut sums = vec![0.0; plane.len()];
            let (group, i) = (ic / group_ic, ic % group_ic);
            for oc in group * group_oc..(group + 1) * group_oc {
                let source = dy.plane(oc);
                for tap in taps(op) {
                    let w = weights[(oc * group_ic + i) * op.size * op.size + tap.number].wide();
                    let (first, last) = columns(value.w, dy.shape.w, op.stride_x, tap.right);
                    for oy in 0..dy.shape.h {
                        let y = (oy * op.stride_y) as i64 + tap.down;
                        if y < 0 || y >= value.h as i64 || first >= last {
                            continue;
                        }
                        let row = &mut sums[y as usize * value.w..][..value.w];
                        let row = &mut row[((first * op.stride_x) as i64 + tap.right) as usize..];
                        let above = &source[oy * dy.shape.w..][first..last];
                        for (sum, dy) in row.iter_mut().step_by(op.stride_x).zip(above) {
                            *sum += w * dy.wide();
                        }
                    }
                }
            }
            plane.iter_mut().zip(sums).for_each(|(out, sum)| *out = T::of(sum));
        }))
    }

    fn lower(&self, reads: &[At], dst: At) -> Lowering {
        Lowering::Kernel(conv_dgrad::dispatch((&self.conv).into(), reads[0], dst))
    }
}
