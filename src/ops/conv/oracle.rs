//! Convolution by its definition, for every rung of the ladder.

use crate::{
    ops::{Conv, Definition, Upsample, activation::activate},
    tensor::{Shape, Tensor},
};

/// Output columns `first .. last` whose tap `k` lies inside a row of `inside` columns.
fn columns(inside: usize, out: usize, stride: usize, shift: i64) -> (usize, usize) {
    let stride = stride as i64;
    // The column under output x is x * stride + shift.
    let first = (-shift).max(0).div_euclid(stride) + i64::from((-shift).max(0) % stride != 0);
    let last = (inside as i64 - 1 - shift).div_euclid(stride) + 1;
    let last = last.clamp(0, out as i64);
    (first.clamp(0, last) as usize, last as usize)
}

/// `upsample(after(activation(sum + bias) + residual))`; the sum over a group's input channels and all taps inside the
/// picture, in f64. Taps start at `-pad * dilation`.
pub(super) fn conv(
    op: &Conv,
    weights: &[f32],
    bias: Option<&[f32]>,
    inputs: &[&Tensor],
    value: Shape,
) -> Result<Tensor, String> {
    let (x, residual) = (inputs[0], inputs.get(1));
    let (group_ic, group_oc) = (x.shape.c / op.groups, op.filters / op.groups);
    let start = (op.pad * op.dilation) as i64;
    let shape = op.computed(value);
    let computed = Tensor::by_plane(shape, |oc, plane| {
        let mut sums = vec![f64::from(bias.map_or(0.0, |b| b[oc])); plane.len()];
        for i in 0..group_ic {
            let source = x.plane(oc / group_oc * group_ic + i);
            for ky in 0..op.size {
                for kx in 0..op.size {
                    let w = f64::from(weights[((oc * group_ic + i) * op.size + ky) * op.size + kx]);
                    let shift = (kx * op.dilation) as i64 - start;
                    let (first, last) = columns(x.shape.w, shape.w, op.stride_x, shift);
                    for oy in 0..shape.h {
                        let y = (oy * op.stride_y + ky * op.dilation) as i64 - start;
                        if y < 0 || y >= x.shape.h as i64 || first >= last {
                            continue;
                        }
                        let row = &source[y as usize * x.shape.w..][..x.shape.w];
                        let row = &row[((first * op.stride_x) as i64 + shift) as usize..];
                        let out = &mut sums[oy * shape.w..][first..last];
                        for (sum, v) in out.iter_mut().zip(row.iter().step_by(op.stride_x)) {
                            *sum += w * f64::from(*v);
                        }
                    }
                }
            }
        }
        let epilogue = op.epilogue;
        for (i, (out, sum)) in plane.iter_mut().zip(sums).enumerate() {
            let mut v = activate(epilogue.activation, sum);
            if let (Some(after), Some(residual)) = (epilogue.residual, residual) {
                v = activate(after, v + f64::from(residual.plane(oc)[i]));
            }
            *out = v as f32;
        }
    });
    match op.epilogue.upsample {
        1 => Ok(computed),
        stride => Upsample { stride, scale: 1.0 }.play(&[&computed], None, value),
    }
}
