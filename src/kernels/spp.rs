//! Spatial pyramid pooling: three stride-1 max pools and their input, in one dispatch.

use crate::kernels::{
    Dispatch, Kernel, part,
    planes::{self, At, BINDINGS},
};

/// `shaders/spp.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "spp",
    twin: "spp",
    parts: &[part!("shared/planes.wgsl"), part!("spp.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// `dst` gets four slices of the shape of `src`, pooled by `sizes` in concat order; 1 is the input itself.
pub fn dispatch(sizes: [usize; 4], src: At, dst: At) -> Dispatch {
    let mut order = [0, 1, 2, 3];
    order.sort_by_key(|slice| sizes[*slice]);
    let windows = ["SMALL", "MIDDLE", "LARGE"].into_iter().zip(&order[1..]).map(|(n, slice)| (n, sizes[*slice] as f64));
    let slices = ["SLICE_INPUT", "SLICE_SMALL", "SLICE_MIDDLE", "SLICE_LARGE"];
    let slices = slices.into_iter().zip(order).map(|(n, slice)| (n, slice as f64));
    planes::dispatch(&KERNEL, windows.chain(slices).collect(), src, dst, src.shape.blocks())
}
