//! What [`super::coop8`] and [`super::coop16`] share: implicit GEMM by cooperative matrices.

use crate::kernels::{
    Kernel,
    conv::{
        Caps,
        launch::Launch,
        load::StepLoad,
        pack::{Layout, Panels},
    },
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
    let invocations = SUBGROUPS * caps.coop.lanes;
    let (bytes, lanes, side_f) = (caps.precision().bytes(), f64::from(invocations), side as f64);
    let inputs = 4 * side / bytes;
    // Each subgroup multiplies two by two fragments, and reads two of pixels and two of outputs for it; all bring both once.
    let (tile, deep) = ((4 * side * inputs * bytes) as f64, inputs as f64 / side_f);
    let step = StepLoad {
        inputs,
        across_taps: false,
        multiplies: 0.0,
        others: 60.0,
        shared: 4.0 * tile / lanes + 2.0 * tile / lanes,
        matrix: 4.0 * 4.0 * deep * 2.0 * side_f.powi(3) / lanes,
        registers: 96.0,
        invocations: invocations as usize,
    };
    Launch {
        layout: Layout::Panels(Panels { blocks: side, by_output: true }),
        constants: vec![("INVOCATIONS", lanes)],
        ..Launch::gemm(kernel, 4 * side, side, step)
    }
}
