//! Copies channels from one value to another: the concat and the split of last resort.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::{self, At, BINDINGS},
};

/// `shaders/concat.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "concat",
    twin: "concat",
    parts: &[part!("shared/planes.wgsl"), part!("concat.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// Channels `from .. from + count` of `src` become channels `to .. to + count` of `dst`; the others stay.
pub fn dispatch(from: usize, to: usize, count: usize, src: At, dst: At) -> Dispatch {
    let constants = vec![("FROM", from as f64), ("TO", to as f64), ("COUNT", count as f64)];
    let blocks = (to + count).div_ceil(4) - to / 4;
    planes::dispatch(&KERNEL, constants, src, dst, blocks)
}
