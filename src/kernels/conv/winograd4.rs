//! Winograd F(4x4, 3x3).

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

/// `shaders/winograd4_input.wgsl`: tiles of the input to values at points.
static INPUT: Kernel = Kernel {
    name: "winograd4_input",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/tiles.wgsl"),
        part!("shared/winograd_input.wgsl"),
        part!("winograd4_input.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// `shaders/winograd4_output.wgsl`: products at points to pixels, and the epilogue.
static OUTPUT: Kernel = Kernel {
    name: "winograd4_output",
    twin: "conv",
    parts: &[
        part!("shared/activation.wgsl"),
        part!("shared/conv.wgsl"),
        part!("shared/tiles.wgsl"),
        part!("shared/winograd_output.wgsl"),
        part!("winograd4_output.wgsl"),
    ],
    bindings: BINDINGS,
    workgroup: [64, 1, 1],
};

/// 4x4 outputs from 6x6 inputs: 36 multiplications instead of 144.
pub(super) struct Winograd4;

impl Form for Winograd4 {
    const NAME: &'static str = "winograd4";
    const OUTPUTS: usize = 4;
    // In 16 bits the values at the points lose too much: the problem suite has numbers that are off by .03.
    const HALF: bool = false;
    const KERNELS: &'static [&'static Kernel; 2] = &[&INPUT, &OUTPUT];
    // 12 columns and rows of 24 operations; 6 columns and 4 rows of 13.
    const FLOP: [f64; 2] = [12.0 * 24.0 * 4.0, 10.0 * 13.0 * 4.0];
    const SHARES: usize = 2;
    const COMPILED: [(f64, f64); 2] = [(1244.0, 128.0), (1230.0, 128.0)];

    fn pack_points(panels: Panels, tiles: usize, problem: &Problem, oihw: &[f32], sink: &mut Sink<'_>) {
        pack_points(&FILTER, panels, tiles, problem, oihw, sink);
    }
}

/// Values of a filter of three taps at 0, 1, -1, 2, -2 and infinity, scaled as the input's are not.
const FILTER: [[f64; 3]; 6] = [
    [0.25, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];
