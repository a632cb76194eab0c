//! How a rung plays a convolution, or a product of matrices, in one dispatch.

use crate::kernels::{
    Dispatch, Kernel,
    conv::{
        Caps, ConvParams, Problem, Sink,
        load::{DispatchLoad, StepLoad},
        pack::{self, Layout},
        params::Constants,
    },
};

/// Workgroups in one direction that every adapter allows.
const MAX_WORKGROUPS: u32 = 65_535;

/// Numbers that stay in the second level of a processor's caches.
const CACHED: usize = 1 << 17;

/// What a workgroup computes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    /// Output pixels.
    pub pixels: usize,
    /// Output blocks of four channels.
    pub blocks: usize,
}

/// How one dispatch is launched.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    /// What is launched.
    pub kernel: &'static Kernel,
    /// What its workgroups compute.
    pub tile: Tile,
    /// How its weights lie.
    pub layout: Layout,
    /// What its invocations do.
    pub step: StepLoad,
    /// Constants that are the rung's own.
    pub constants: Constants,
    /// Whether workgroups may be played pixels by pixels.
    pub turns: bool,
}

impl Launch {
    /// Of an implicit GEMM whose workgroups have a panel of weights each.
    pub fn gemm(kernel: &'static Kernel, pixels: usize, blocks: usize, step: StepLoad) -> Self {
        let tile = Tile { pixels, blocks };
        Self { kernel, tile, layout: Layout::panels(blocks), step, constants: vec![], turns: false }
    }

    /// Of a kernel with an invocation a pixel and workgroups a block of channels.
    pub fn pixels(kernel: &'static Kernel, layout: Layout, step: StepLoad) -> Self {
        let tile = Tile { pixels: kernel.workgroup[0] as usize, blocks: 1 };
        Self { kernel, tile, layout, step, constants: vec![], turns: false }
    }

    /// Workgroups along pixels and along blocks of output channels.
    pub fn workgroups(&self, problem: &Problem) -> [u32; 2] {
        let Tile { pixels, blocks } = self.tile;
        [problem.pixels().div_ceil(pixels) as u32, problem.output.blocks().div_ceil(blocks) as u32]
    }

    /// Elements of the packed weights.
    pub fn packed_len(&self, problem: &Problem) -> usize {
        pack::len(self.layout, problem)
    }

    /// Weights in the order in which the kernel reads them, from OIHW.
    pub fn pack(&self, problem: &Problem, oihw: &[f32], sink: &mut Sink<'_>) {
        pack::pack(self.layout, problem, oihw, sink);
    }

    /// Whether every adapter has so many workgroups, and this one bindings that hold the weights.
    pub fn fits(&self, problem: &Problem, caps: &Caps) -> bool {
        // Filters are padded to whole tiles.
        let filters = self.packed_len(problem) / 4 * caps.vector() <= caps.binding;
        filters && self.workgroups(problem).into_iter().all(|n| n <= MAX_WORKGROUPS)
    }

    /// Operations, over whole workgroups.
    pub fn flop(&self, problem: &Problem) -> f64 {
        let [x, y] = self.workgroups(problem);
        let outputs = (x as usize * self.tile.pixels * y as usize * self.tile.blocks * 4) as f64;
        2.0 * outputs * (self.layout.inputs(problem) * problem.taps()) as f64
    }

    /// What it asks of a card: `batch` problems at once, or so many shares of the sum of one; from and to memory.
    pub fn load(&self, problem: &Problem, [batch, shares]: [usize; 2], bytes: f64) -> DispatchLoad {
        let [x, y] = self.workgroups(problem);
        let (inputs, taps) = (self.layout.inputs(problem), problem.taps());
        let steps = if self.step.across_taps {
            (taps * inputs).div_ceil(self.step.inputs)
        } else {
            taps * inputs.div_ceil(self.step.inputs).div_ceil(shares)
        };
        let groups = x as usize * y as usize * batch * shares;
        DispatchLoad { step: self.step, groups, steps, bytes }
    }

    /// The dispatch: `batch` problems at once, one behind the other in every buffer.
    pub fn dispatch(&self, problem: &Problem, params: &ConvParams, mut constants: Constants, batch: usize) -> Dispatch {
        let [x, y] = self.workgroups(problem);
        let turned = self.turned(problem);
        constants.extend(&self.constants);
        constants.extend(turned.then_some(("TURNED", 1.0)));
        let workgroups = if turned { [y, x, batch as u32] } else { [x, y, batch as u32] };
        Dispatch { kernel: self.kernel, constants, params: bytemuck::bytes_of(params).to_vec(), workgroups }
    }

    /// Whether workgroups are played pixels by pixels instead of filters by filters. A processor plays one after the other, and
    /// what two in a row share is in its caches: few filters, which stay there anyway, are read again for every tile, rather than
    /// the whole of a large input for every panel of filters. (1x1 of 128 channels and 128x128 pixels: 16.5 ms before, 12.9 after;
    /// smaller ones do not care.)
    fn turned(&self, problem: &Problem) -> bool {
        let input = problem.input.elements() * problem.pictures;
        self.turns && self.packed_len(problem) <= CACHED && input > 4 * CACHED
    }
}
