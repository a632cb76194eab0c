//! The length of all gradients, and the factor that keeps it within a limit.

use crate::kernels::{Bind, Binding, Dispatch, Kernel, part};

/// The uniform buffer; field by field as in the text.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct NormLimitParams {
    /// Sums there are.
    pub shares: u32,
    /// The longest that is allowed; 0 for none.
    pub limit: f32,
    /// A multiple of 16 bytes, as uniform buffers want.
    pub _pad: [u32; 2],
}

/// `shaders/train/norm_limit.wgsl`
pub static KERNEL: Kernel = Kernel {
    name: "train/norm_limit",
    twin: "clip",
    parts: &[part!("shared/reduce.wgsl"), part!("train/norm_limit.wgsl")],
    bindings: &[
        Binding { name: "params", bind: Bind::Uniform(size_of::<NormLimitParams>()) },
        Binding { name: "sums", bind: Bind::Read },
        Binding { name: "norm", bind: Bind::ReadWrite },
    ],
    workgroup: [64, 1, 1],
};

/// From so many sums; the limit is written to its parameters each time.
pub fn dispatch(shares: usize) -> Dispatch {
    let params = NormLimitParams { shares: shares as u32, ..NormLimitParams::default() };
    Dispatch { kernel: &KERNEL, constants: vec![], params: bytemuck::bytes_of(&params).to_vec(), workgroups: [1, 1, 1] }
}
