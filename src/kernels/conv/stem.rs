//! The first convolution of a network: at most four input channels, all weights of a workgroup staged at once.

use crate::kernels::{Kernel, conv::BINDINGS, part};

/// `shaders/conv_stem.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "conv_stem",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/taps.wgsl"),
        part!("conv_stem.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// Output pixels per workgroup.
pub const TILE_PIXELS: usize = 256;
/// Output blocks of four channels per workgroup.
pub const TILE_BLOCKS: usize = 4;
/// Largest window whose weights fit into the workgroup memory that every adapter has.
pub const MAX_SIZE: usize = 7;
