//! Max pool: taps outside the picture count as minus infinity.

use crate::{
    graph::Pool,
    oracle::planes::by_plane,
    tensor::{Shape, Tensor},
};

/// The maximum of each window; windows start at `-(padding / 2)`.
pub fn max_pool(op: &Pool, x: &Tensor, shape: Shape) -> Tensor {
    let offset = (op.padding / 2) as i64;
    by_plane(shape, |c, plane| {
        let source = x.plane(c);
        for (i, out) in plane.iter_mut().enumerate() {
            let (oy, ox) = (i / shape.w, i % shape.w);
            let (y0, x0) = ((oy * op.stride_y) as i64 - offset, (ox * op.stride_x) as i64 - offset);
            let inside = |from: i64, side: usize| from.max(0)..(from + op.size as i64).min(side as i64);
            let mut best = f32::MIN;
            for y in inside(y0, x.shape.h) {
                for x_ in inside(x0, x.shape.w) {
                    best = best.max(source[y as usize * x.shape.w + x_ as usize]);
                }
            }
            *out = best;
        }
    })
}
