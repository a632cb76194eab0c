//! Non-maximum suppression: boxes sorted by score, each kept one silences those of its class that overlap it.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, decode::ThresholdParams, part};

/// `shaders/nms.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "nms",
    twin: "nms",
    parts: &[part!("shared/boxes.wgsl"), part!("shared/thresholds.wgsl"), part!("nms.wgsl")],
    bindings: &[
        Binding { name: "thresholds", bind: Bind::Uniform(size_of::<ThresholdParams>()) },
        Binding { name: "candidates", bind: Bind::Read },
        Binding { name: "keys", bind: Bind::Read },
        Binding { name: "dead", bind: Bind::ReadWrite },
        Binding { name: "kept", bind: Bind::ReadWrite },
    ],
    workgroup: [64, 1, 1],
};

/// Most boxes that are compared: every box of a class is compared with every other, and beyond this the threshold of the
/// score is more likely wrong than right.
pub const MAX_BOXES: usize = 1 << 17;

/// Most comparisons of one invocation in one dispatch, times the invocations of a workgroup: see the kernel.
const ROUNDS: usize = 3 << 20;

/// One workgroup per class, as many times as it takes to go through a class of `capacity` boxes.
pub fn dispatches(classes: usize, capacity: usize) -> Vec<Dispatch> {
    let block = (ROUNDS / capacity.max(1)).max(1);
    let one = Dispatch {
        kernel: &KERNEL,
        constants: vec![("BLOCK", block as f64)],
        params: vec![],
        workgroups: [classes.max(1) as u32, 1, 1],
    };
    vec![one; capacity.div_ceil(block).max(1)]
}

/// Words of `dead`: one a box, one a class.
pub fn dead_words(classes: usize, capacity: usize) -> usize {
    capacity + classes.max(1)
}
