//! Kept boxes to the order they are drawn in, and the arguments of the draw that draws them.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, nms, part};

/// Most boxes that are drawn.
pub const MAX_DRAWN: usize = 1024;

/// The uniform buffer; field by field as in `shaders/rank.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct RankParams {
    /// Boxes to draw at most, [`MAX_DRAWN`] or fewer.
    pub most: u32,
    /// Instances of the draw per box.
    pub quads: u32,
    /// A multiple of 16 bytes, as uniform buffers want.
    pub _pad: [u32; 2],
}

/// `shaders/rank.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "rank",
    twin: "rank",
    parts: &[part!("shared/boxes.wgsl"), part!("rank.wgsl")],
    bindings: &[
        Binding { name: "params", bind: Bind::Uniform(size_of::<RankParams>()) },
        Binding { name: "kept", bind: Bind::Read },
        Binding { name: "order", bind: Bind::ReadWrite },
        Binding { name: "args", bind: Bind::ReadWrite },
    ],
    workgroup: [64, 1, 1],
};

// The kernel's loop: four boxes a round, fewer rounds than software Vulkan goes through.
const _: () = assert!(nms::MAX_BOXES / 4 < 65_535);

/// One invocation per box that there is room for.
pub fn dispatch(capacity: usize) -> Dispatch {
    Dispatch { kernel: &KERNEL, constants: vec![], params: vec![], workgroups: [capacity.div_ceil(64) as u32, 1, 1] }
}
