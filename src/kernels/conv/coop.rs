//! What [`super::coop8`], [`super::coop16`] and [`super::split_coop16`] share: implicit GEMM by cooperative matrices.

use crate::kernels::{
    Kernel,
    conv::{Caps, launch::Launch, pack::Layout},
};

/// Subgroups of a workgroup, where they are as large as they may be; where they are smaller there are more.
const SUBGROUPS: u32 = 4;
/// Most lanes of a subgroup: a workgroup must be no larger than every adapter allows.
const MAX_LANES: u32 = 64;

/// Whether subgroups are such that the kernel for fragments of `side` rows can run: a workgroup is a multiple of its tile.
pub(super) const fn runs(side: usize, caps: &Caps) -> bool {
    let lanes = caps.coop.lanes;
    lanes > 0 && lanes <= MAX_LANES && (lanes as usize).is_multiple_of(side)
}

/// With four by four fragments of so many rows a workgroup.
pub(super) fn launch(kernel: &'static Kernel, side: usize, caps: &Caps) -> Launch {
    let invocations = f64::from(SUBGROUPS * caps.coop.lanes);
    Launch {
        layout: Layout::panels_by_output(side),
        constants: vec![("INVOCATIONS", invocations)],
        ..Launch::gemm(kernel, 4 * side, side)
    }
}
