//! Rows of a plane or a picture, on all cores.

use rayon::prelude::*;

/// Fills rows of `length` elements; `fill` is told which one it is.
pub fn by_rows<T: Send>(data: &mut [T], length: usize, fill: impl Fn(usize, &mut [T]) + Send + Sync) {
    data.par_chunks_mut(length.max(1)).enumerate().for_each(|(number, row)| fill(number, row));
}
