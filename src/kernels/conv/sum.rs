//! Adds the parts of a sum that [`crate::kernels::conv_block`] shared among workgroups.

use crate::kernels::{Kernel, conv::BINDINGS, part};

/// `shaders/conv_sum.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "conv_sum",
    twin: "conv",
    parts: &[part!("shared/activation.wgsl"), part!("shared/conv.wgsl"), part!("conv_sum.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};
