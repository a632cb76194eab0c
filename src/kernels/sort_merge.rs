//! One long-distance step of the bitonic sort.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, part};

/// `shaders/sort_merge.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "sort_merge",
    twin: "sort",
    parts: &[part!("shared/keys.wgsl"), part!("sort_merge.wgsl")],
    bindings: &[Binding { name: "keys", bind: Bind::ReadWrite }],
    workgroup: [256, 1, 1],
};

/// Compares pairs within runs of `width`: mirror images if `flip`, else half a run apart. One invocation per pair.
pub fn dispatch(width: usize, flip: bool, capacity: usize) -> Dispatch {
    Dispatch {
        kernel: &KERNEL,
        constants: vec![("WIDTH", width as f64), ("FLIP", f64::from(u8::from(flip)))],
        params: vec![],
        workgroups: [(capacity / 512) as u32, 1, 1],
    }
}
