//! Weights and biases in the order in which the convolutions read them, in pieces that stay in a processor's caches on their
//! way to the GPU: large networks have gigabytes of them.

use crate::kernels::conv::Problem;

/// Takes pieces of packed weights: the first element's place, and the elements.
pub type Sink<'a> = dyn FnMut(usize, &[f32]) + 'a;

/// Elements of a piece: a multiple of [`TILE`].
pub(super) const PIECE: usize = 1 << 18;

/// Elements that the packed weights of an implicit GEMM keep side by side: four outputs of each of four inputs.
pub(super) const TILE: usize = 16;

/// Channels that biases are padded to a multiple of.
const BIAS: usize = 64;

/// How weights lie.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    /// As they are loaded: OIHW.
    Oihw,
    /// `[C/4, SIZE * SIZE]` vectors of four channels.
    Depthwise,
    /// Panels of output channels.
    Panels(Panels),
}

/// `[OC / 4 / blocks, SIZE * SIZE, IC/4, blocks]` tiles of four outputs by four inputs; zero where there is no channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panels {
    /// Output blocks of four channels in one.
    pub blocks: usize,
    /// Whether a vector is four inputs of one output, not four outputs of one input.
    pub by_output: bool,
}

impl Panels {
    /// Place, output and input of the elements of one tile of a `[OC / 4 / blocks, IC/4, blocks]` matrix of them, channels that are
    /// none included.
    pub fn lanes(self, tile: usize, ic4: usize) -> impl Iterator<Item = (usize, usize, usize)> {
        let step = tile / self.blocks;
        let (first, block) = (step % ic4 * 4, step / ic4 * self.blocks + tile % self.blocks);
        (0..TILE).map(move |lane| {
            let (slow, fast) = (lane / 4, lane % 4);
            let (o, i) = if self.by_output { (slow, fast) } else { (fast, slow) };
            (lane, block * 4 + o, first + i)
        })
    }
}

impl Layout {
    /// Panels of so many output blocks, whose vectors are four outputs of one input.
    pub const fn panels(blocks: usize) -> Self {
        Self::Panels(Panels { blocks, by_output: false })
    }

    /// Inputs that an output is summed from, those included that are none.
    pub fn inputs(self, problem: &Problem) -> usize {
        match self {
            Self::Oihw | Self::Depthwise => problem.input.c / problem.groups,
            Self::Panels(_) => problem.input.c.next_multiple_of(4),
        }
    }
}

/// Elements of the packed weights of a problem.
pub(super) fn len(layout: Layout, problem: &Problem) -> usize {
    let outputs = match layout {
        Layout::Oihw => problem.output.c,
        Layout::Depthwise => problem.output.blocks() * 4,
        Layout::Panels(panels) => problem.output.c.next_multiple_of(4 * panels.blocks),
    };
    outputs * layout.inputs(problem) * problem.taps()
}

/// Weights as they are to lie, from OIHW. For several parts every part but the last has whole blocks, so that input channels
/// stay in order.
pub(super) fn pack(layout: Layout, problem: &Problem, oihw: &[f32], sink: &mut Sink<'_>) {
    match layout {
        Layout::Oihw => sink(0, oihw),
        Layout::Depthwise => sink(0, &pack_depthwise(problem, oihw)),
        Layout::Panels(panels) => {
            let len = len(layout, problem);
            let mut piece = vec![0.0; len.min(PIECE)];
            for first in (0..len).step_by(PIECE) {
                let piece = &mut piece[..PIECE.min(len - first)];
                pack_panels(panels, problem, oihw, first / TILE, piece);
                sink(first, piece);
            }
        }
    }
}

fn pack_depthwise(problem: &Problem, oihw: &[f32]) -> Vec<f32> {
    let taps = problem.taps();
    let mut packed = vec![0.0; problem.output.blocks() * 4 * taps];
    for (i, w) in oihw.iter().enumerate() {
        let (c, tap) = (i / taps, i % taps);
        packed[(c / 4 * taps + tap) * 4 + c % 4] = *w;
    }
    packed
}

/// From tile `first` on.
fn pack_panels(panels: Panels, problem: &Problem, oihw: &[f32], first: usize, piece: &mut [f32]) {
    let taps = problem.taps();
    let (ic, oc) = (problem.input.c, problem.output.c);
    let ic4 = ic.div_ceil(4);
    for (n, tile) in (first..).zip(piece.chunks_exact_mut(TILE)) {
        // Taps as if they were blocks of inputs.
        let tap = n / panels.blocks % (taps * ic4) / ic4;
        for (lane, o, i) in panels.lanes(n, taps * ic4) {
            let i = i - tap * ic4 * 4;
            tile[lane] = if o < oc && i < ic { oihw[(o * ic + i) * taps + tap] } else { 0.0 };
        }
    }
}

/// Bias padded with zeros to whole tiles.
pub fn bias(problem: &Problem, bias: Option<&[f32]>) -> Vec<f32> {
    let mut packed = bias.unwrap_or_default().to_vec();
    packed.resize(problem.output.c.next_multiple_of(BIAS), 0.0);
    packed
}
