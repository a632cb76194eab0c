//! Max pools row by row: a tap of the window is a row of the source that lies over the row of sums, shifted, which vectors compare at once.

use rayon::prelude::*;

use crate::{
    cpu::row::inside,
    ops::{Pool, Spp},
    tensor::{Shape, Tensor},
};

/// The value of a pool, whose shape is `value`.
pub fn play(pool: &Pool, x: &Tensor, value: Shape) -> Tensor {
    let mut out = Tensor { shape: value, data: vec![f32::MIN; value.elements()] };
    let before = (pool.padding / 2) as i64;
    out.data.par_chunks_mut(value.pixels().max(1)).enumerate().for_each(|(channel, plane)| {
        let source = x.plane(channel);
        for (row, most) in plane.chunks_exact_mut(value.w).enumerate() {
            let top = (row * pool.stride_y) as i64 - before;
            let rows = top.max(0)..(top + pool.size as i64).min(x.shape.h as i64);
            for y in rows {
                let line = &source[y as usize * x.shape.w..][..x.shape.w];
                for tap in 0..pool.size {
                    let shift = tap as i64 - before;
                    let (first, last) = inside(x.shape.w, value.w, pool.stride_x, shift);
                    if first < last {
                        let line = &line[((first * pool.stride_x) as i64 + shift) as usize..];
                        let pairs = most[first..last].iter_mut().zip(line.iter().step_by(pool.stride_x));
                        pairs.for_each(|(most, v)| *most = most.max(*v));
                    }
                }
            }
        }
    });
    out
}

/// Pools of several sizes, one above the other; the size of 1 is the input itself.
pub fn pyramid(spp: &Spp, x: &Tensor, value: Shape) -> Tensor {
    let mut data = Vec::with_capacity(value.elements());
    for size in spp.sizes {
        match size {
            1 => data.extend_from_slice(&x.data),
            size => data.extend_from_slice(&play(&Pool::same(size), x, x.shape).data),
        }
    }
    Tensor { shape: value, data }
}
