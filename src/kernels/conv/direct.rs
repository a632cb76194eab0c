//! Convolution by its definition: rung 0 of the ladder.

use crate::kernels::{
    Kernel,
    conv::{Caps, PartAt, Problem, launch::Launch, load::StepLoad, pack::Layout, params::BINDINGS, rung::Rung},
    part,
};

/// `shaders/conv_direct.wgsl`
static KERNEL: Kernel = Kernel {
    name: "conv_direct",
    twin: "conv",
    parts: &[part!("shared/activation.wgsl"), part!("shared/conv.wgsl"), part!("conv_direct.wgsl")],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// A step is a block of inputs.
const LOAD: StepLoad = StepLoad::lanes(64, 4, 16.0, 40.0, 32.0);

/// Takes anything.
pub(super) struct Direct;

impl Rung for Direct {
    const NAME: &'static str = "direct";
    const KERNELS: &'static [&'static Kernel] = &[&KERNEL];

    fn suits(_: &Caps) -> bool {
        false
    }

    fn takes(_: &Problem, _: &Caps) -> bool {
        true
    }

    /// It has more workgroups than any other, and filters that are not padded: what cannot do that is refused.
    fn fits(_: &Problem, _: &Caps) -> bool {
        true
    }

    fn launch(_: &Problem, _: &Caps, _: &[PartAt]) -> Launch {
        Launch::pixels(&KERNEL, Layout::Oihw, LOAD)
    }
}
