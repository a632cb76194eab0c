//! Convolution by its definition, for every rung of the ladder.

use crate::{
    ops::{
        Conv, Definition, Upsample,
        activation::activate,
        conv::taps::{columns, taps},
    },
    tensor::{Real, Shape, Tensor},
};

/// `upsample(after(activation(sum + bias) + residual))`; the sum over a group's input channels and all taps inside the
/// picture, in f64. Taps start at `-pad * dilation`.
pub(super) fn conv<T: Real>(
    op: &Conv,
    weights: &[T],
    bias: Option<&[T]>,
    inputs: &[&Tensor<T>],
    value: Shape,
) -> Result<Tensor<T>, String> {
    let (x, residual) = (inputs[0], inputs.get(1));
    let (group_ic, group_oc) = (x.shape.c / op.groups, op.filters / op.groups);
    let shape = op.computed(value);
    let computed = Tensor::by_plane(shape, |oc, plane| {
        let mut sums = vec![bias.map_or(0.0, |b| b[oc].wide()); plane.len()];
        for i in 0..group_ic {
            let source = x.plane(oc / group_oc * group_ic + i);
            for tap in taps(op) {
                let w = weights[(oc * group_ic + i) * op.size * op.size + tap.number].wide();
                let (first, last) = columns(x.shape.w, shape.w, op.stride_x, tap.right);
                for oy in 0..shape.h {
                    let y = (oy * op.stride_y) as i64 + tap.down;
                    if y < 0 || y >= x.shape.h as i64 || first >= last {
                        continue;
                    }
                    let row = &source[y as usize * x.shape.w..][..x.shape.w];
                    let row = &row[((first * op.stride_x) as i64 + tap.right) as usize..];
                    let out = &mut sums[oy * shape.w..][first..last];
                    for (sum, v) in out.iter_mut().zip(row.iter().step_by(op.stride_x)) {
                        *sum += w * v.wide();
                    }
                }
            }
        }
        let epilogue = op.epilogue;
        for (i, (out, sum)) in plane.iter_mut().zip(sums).enumerate() {
            let mut v = activate(epilogue.activation, sum);
            if let (Some(after), Some(residual)) = (epilogue.residual, residual) {
                v = activate(after, v + residual.plane(oc)[i].wide());
            }
            *out = T::of(v);
        }
    });
    match op.epilogue.upsample {
        1 => Ok(computed),
        stride => Upsample { stride, scale: 1.0 }.play(&[&computed], None, value),
    }
}
