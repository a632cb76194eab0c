//! What a convolution multiplies: its taps, and where they lie.

use crate::ops::Conv;

/// An element of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct Tap {
    /// Its place in the kernel, row by row.
    pub number: usize,
    /// Rows from `stride_y` times the row of a sum to the one that the tap sees.
    pub down: i64,
    /// Columns likewise.
    pub right: i64,
}

/// The taps, row by row; the first is `pad * dilation` above and left.
pub fn taps(conv: &Conv) -> impl Iterator<Item = Tap> + use<> {
    let (size, dilation, start) = (conv.size, conv.dilation, (conv.pad * conv.dilation) as i64);
    let place = move |n: usize| (n * dilation) as i64 - start;
    (0..size * size).map(move |number| Tap { number, down: place(number / size), right: place(number % size) })
}

/// Output columns `first .. last` whose tap lies inside a row of `inside` columns.
pub fn columns(inside: usize, out: usize, stride: usize, right: i64) -> (usize, usize) {
    let stride = stride as i64;
    // The column under output x is x * stride + right.
    let first = (-right).max(0).div_euclid(stride) + i64::from((-right).max(0) % stride != 0);
    let last = (inside as i64 - 1 - right).div_euclid(stride) + 1;
    let last = last.clamp(0, out as i64);
    (first.clamp(0, last) as usize, last as usize)
}
