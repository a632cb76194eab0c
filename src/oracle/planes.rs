//! Work shared out over the machine's threads, one output plane at a time.

use crate::tensor::{Shape, Tensor};

/// A tensor whose plane `c` is written by `fill(c, plane)`.
pub fn by_plane(shape: Shape, fill: impl Fn(usize, &mut [f32]) + Sync) -> Tensor {
    let mut out = Tensor::zeros(shape);
    let pixels = shape.pixels();
    // Threads do not exist in a browser's wasm.
    let threads =
        if cfg!(target_arch = "wasm32") { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    let each = shape.c.div_ceil(threads).max(1);
    let work = |first: usize, planes: &mut [f32]| {
        planes.chunks_mut(pixels).enumerate().for_each(|(i, plane)| fill(first + i, plane));
    };
    if threads == 1 {
        work(0, &mut out.data);
    } else {
        std::thread::scope(|scope| {
            for (i, planes) in out.data.chunks_mut(each * pixels).enumerate() {
                let work = &work;
                scope.spawn(move || work(i * each, planes));
            }
        });
    }
    out
}
