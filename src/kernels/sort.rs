//! Candidates into order: by class, then score from high to low, then number of the box; or by score alone, ties by box and
//! class. Bitonic, so that the order is the same on every machine however the candidates arrived.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, decode::ThresholdParams, part, sort_merge};

/// Candidates that one workgroup sorts by itself; capacities are this times a power of two.
pub const LOCAL: usize = 1024;

/// `shaders/sort.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "sort",
    twin: "sort",
    parts: &[
        part!("shared/boxes.wgsl"),
        part!("shared/thresholds.wgsl"),
        part!("shared/keys.wgsl"),
        part!("sort.wgsl"),
    ],
    bindings: &[
        Binding { name: "thresholds", bind: Bind::Uniform(size_of::<ThresholdParams>()) },
        Binding { name: "candidates", bind: Bind::Read },
        Binding { name: "keys", bind: Bind::ReadWrite },
    ],
    workgroup: [256, 1, 1],
};

/// Room for at least `count` candidates.
pub fn capacity(count: usize) -> usize {
    count.max(LOCAL).next_power_of_two()
}

/// The whole sort of `capacity` keys: this kernel and [`sort_merge`] in turn.
pub fn dispatches(capacity: usize) -> Vec<Dispatch> {
    let local = |first: bool| Dispatch {
        kernel: &KERNEL,
        constants: vec![("FIRST", f64::from(u8::from(first)))],
        params: vec![],
        workgroups: [(capacity / LOCAL) as u32, 1, 1],
    };
    let mut all = vec![local(true)];
    let mut width = LOCAL * 2;
    while width <= capacity {
        all.push(sort_merge::dispatch(width, true, capacity));
        let mut distance = width / 2;
        while distance > LOCAL {
            all.push(sort_merge::dispatch(distance, false, capacity));
            distance /= 2;
        }
        all.push(local(false));
        width *= 2;
    }
    all
}
