//! Winograd F(2x2, 3x3).

use crate::kernels::{
    Kernel,
    conv::{
        Problem, Sink,
        pack::Panels,
        params::BINDINGS,
        winograd::{Form, pack_points},
    },
    part,
};

/// `shaders/winograd2_input.wgsl`: tiles of the input to values at points.
static INPUT: Kernel = Kernel {
    name: "winograd2_input",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/tiles.wgsl"),
        part!("shared/winograd_input.wgsl"),
        part!("winograd2_input.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// `shaders/winograd2_output.wgsl`: products at points to pixels, and the epilogue.
static OUTPUT: Kernel = Kernel {
    name: "winograd2_output",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/tiles.wgsl"),
        part!("shared/winograd_output.wgsl"),
        part!("winograd2_output.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// 2x2 outputs from 4x4 inputs: 16 multiplications instead of 36.
pub(super) struct Winograd2;

impl Form for Winograd2 {
    const NAME: &'static str = "winograd2";
    const OUTPUTS: usize = 2;
    const HALF: bool = true;
    const KERNELS: &'static [&'static Kernel; 2] = &[&INPUT, &OUTPUT];
    // 8 columns and rows of 4 operations; 4 columns and 2 rows of 4.
    const FLOP: [f64; 2] = [8.0 * 4.0 * 4.0, 6.0 * 4.0 * 4.0];
    const SHARES: usize = 1;
    const COMPILED: [(f64, f64); 2] = [(480.0, 80.0), (380.0, 48.0)];

    fn pack_points(panels: Panels, tiles: usize, problem: &Problem, oihw: &[f32], sink: &mut Sink<'_>) {
        pack_points(&FILTER, panels, tiles, problem, oihw, sink);
    }
}

/// Values of a filter of three taps at 0, 1, -1 and infinity, scaled as the input's are not.
const FILTER: [[f64; 3]; 4] = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]];
