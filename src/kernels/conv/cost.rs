//! What a rung really does for a convolution: its operations, tiles that are cut off included, and its bytes.

use crate::kernels::{
    Precision,
    conv::{Caps, Problem},
};

/// Work of one convolution on one rung.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Operations, two a multiply-add; a tile that is cut off counts as a whole one.
    pub flop: f64,
    /// Bytes from and to storage, every value once by every dispatch that reads or writes it.
    pub bytes: f64,
    /// Dispatches.
    pub dispatches: usize,
}

impl Cost {
    /// Of a rung with so many packed weights; `between` are the vectors that one of its dispatches writes and the next reads.
    pub(super) fn new(
        problem: &Problem,
        caps: &Caps,
        flop: f64,
        packed_len: usize,
        between: usize,
        dispatches: usize,
    ) -> Self {
        let [input, output, stored] =
            [problem.input, problem.output, problem.stored()].map(|s| s.vectors() * problem.pictures);
        let residual = if problem.residual.is_some() { output } else { 0 };
        let vectors = input + stored + residual + packed_len.div_ceil(4) + 2 * between;
        let bias = problem.output.c * Precision::F32.bytes();
        Self { flop, bytes: (vectors * caps.vector() + bias) as f64, dispatches }
    }
}
