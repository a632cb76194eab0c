//! How long a dispatch would take on a card: a roofline with whole waves, and a latency that only other waves can hide. It is there to
//! choose between rungs, not to foretell a time: caches, clocks under load and a driver's own work are not in it.

use crate::kernels::conv::card::Card;

/// What an invocation does between two barriers, or from one wait for memory to the next: counted in what a compiler makes of the kernel
/// (RADV 25.0.7 for Navi21, or Navi31 where that has none; `benches/isa.md`).
#[derive(Clone, Copy, Debug)]
pub(super) struct StepLoad {
    /// Input channels that are done then.
    pub inputs: usize,
    /// Whether they may be of several taps.
    pub across_taps: bool,
    /// Instructions that multiply and add.
    pub multiplies: f64,
    /// Other vector instructions.
    pub others: f64,
    /// Bytes from and to workgroup memory.
    pub shared: f64,
    /// Operations of cooperative matrices, an invocation's part of them.
    pub matrix: f64,
    /// Registers: how many waves a SIMD holds.
    pub registers: f64,
    /// Invocations of a workgroup.
    pub invocations: usize,
}

impl StepLoad {
    /// Of a kernel without workgroup memory and matrices.
    pub const fn lanes(invocations: usize, inputs: usize, multiplies: f64, others: f64, registers: f64) -> Self {
        Self { inputs, across_taps: false, multiplies, others, shared: 0.0, matrix: 0.0, registers, invocations }
    }
}

/// One dispatch.
#[derive(Clone, Copy, Debug)]
pub(super) struct DispatchLoad {
    pub step: StepLoad,
    pub groups: usize,
    /// How often it goes that way.
    pub steps: usize,
    /// From and to memory, every value once.
    pub bytes: f64,
}

impl DispatchLoad {
    /// Microseconds on a card, the gap before the next dispatch included.
    pub fn micros(&self, card: &Card) -> f64 {
        let step = &self.step;
        let lanes = card.wave / card.lanes;
        // A class that has none, and a card that has: twice as fast as its lanes.
        let rate = if card.matrix > 0.0 { card.matrix } else { 4.0 * card.lanes };
        let matrix = step.matrix * card.wave / rate;
        let issue = (step.multiplies + step.others) * lanes + matrix;
        let shared = step.shared * card.wave / card.shared;
        let resident = (card.registers / step.registers).floor().clamp(1.0, 16.0);
        // With so many waves on a SIMD, one is always at work if there are enough of them to wait for each other.
        let round = |waves: f64| self.steps as f64 * (waves * issue).max(waves * shared).max(issue + card.latency);
        let waves = (self.groups * step.invocations) as f64 / card.wave;
        let full = (waves / (card.simds * resident)).floor();
        let rest = waves - full * card.simds * resident;
        let last = if rest > 0.0 { round((rest / card.simds).ceil()) } else { 0.0 };
        let clocks = full * round(resident) + last + 2.0 * card.latency;
        (clocks / card.ghz / 1e3).max(card.moving(self.bytes)) + card.gap
    }
}
