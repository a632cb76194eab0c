//! Stages whose layers add to what there is (Tables 3, 4 and 5, equation 1): what is cheap to compute, and what is cheap to move.

use super::Map;

/// A stage of `layers` that each add `growth` channels to `base`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// b: channels that come in.
    pub base: u64,
    /// g: channels that a layer makes.
    pub growth: u64,
    /// k: layers, at least one.
    pub layers: u64,
}

/// How the layers are joined to what came in (Table 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// One-shot aggregation: everything is concatenated, and halved by a 1x1.
    Osa,
    /// Cross-stage partial: what came in goes by, and the layers' own outputs are mixed.
    Csp,
    /// Partial in computational blocks: half of the concatenation is mixed (CSPOSANet, section 3.4).
    Pcb,
}

impl Aggregation {
    /// All, as Table 5 lists them.
    pub const ALL: [Self; 3] = [Self::Osa, Self::Csp, Self::Pcb];

    /// As the paper calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Osa => "OSA",
            Self::Csp => "CSP",
            Self::Pcb => "PCB",
        }
    }

    /// Its input and output of convolutions, as Table 5 prints the formula.
    pub const fn formula(self) -> &'static str {
        match self {
            Self::Osa => "bg + (k-1)g² + (b+kg)²/2",
            Self::Csp => "kg² + (kg)²",
            Self::Pcb => "kg² + (b+kg)²/4",
        }
    }
}

impl Growth {
    /// b + kg: channels once everything is concatenated.
    pub const fn all(&self) -> u64 {
        self.base + self.layers * self.growth
    }

    /// Multiply-accumulates of a dense stage of 1x1 convolutions (Table 3): whgbk + whg²k(k-1)/2.
    pub fn dense_macs(&self, map: Map) -> u64 {
        let Self { base: b, growth: g, layers: k } = *self;
        map.pixels() * (g * b * k + g * g * k * (k - 1) / 2)
    }

    /// The same of one-shot aggregation: whbg + whg²(k-1).
    pub fn osa_macs(&self, map: Map) -> u64 {
        let Self { base: b, growth: g, layers: k } = *self;
        map.pixels() * (b * g + g * g * (k - 1))
    }

    /// The terms that the two grow with if k is much smaller than g, and g than b: whgbk, and the larger one of whbg and whkg².
    pub fn orders(&self, map: Map) -> [u64; 2] {
        let Self { base: b, growth: g, layers: k } = *self;
        [map.pixels() * g * b * k, map.pixels() * (b * g).max(k * g * g)]
    }

    /// Channels into and out of each convolution, the transition last (Table 4).
    pub fn channels(&self, how: Aggregation) -> Vec<(f64, f64)> {
        let (b, g, all) = (self.base as f64, self.growth as f64, self.all() as f64);
        let own = self.layers as f64 * g;
        let first = if how == Aggregation::Osa { b } else { g };
        let layers = (0..self.layers).map(|layer| (if layer == 0 { first } else { g }, g));
        let last = match how {
            Aggregation::Osa => (all, all / 2.0),
            Aggregation::Csp => (own, own),
            Aggregation::Pcb => (all / 2.0, all / 2.0),
        };
        layers.chain([last]).collect()
    }

    /// Input times output channels of all convolutions (CIO, Table 5): what a small network's memory is busy with.
    pub fn cio(&self, how: Aggregation) -> f64 {
        self.channels(how).iter().map(|(input, output)| input * output).sum()
    }

    /// Whether PCB has the least CIO: where kg > b, if g < b.
    pub fn pcb_is_least(&self) -> bool {
        let pcb = self.cio(Aggregation::Pcb);
        [Aggregation::Osa, Aggregation::Csp].into_iter().all(|other| pcb < self.cio(other))
    }

    /// What the prose of section 3.4 asks instead: kg > b/2.
    pub const fn prose_says_pcb(&self) -> bool {
        2 * self.layers * self.growth > self.base
    }

    /// Channels of either half, rounded up to what the hardware takes at once: ceil((b + kg) / 2τ) τ.
    pub const fn half(&self, tau: u64) -> u64 {
        self.all().div_ceil(2 * tau) * tau
    }
}

/// Numbers that a convolution reads and writes (equation 1): hw(Cin + Cout) + K Cin Cout, K the kernel's elements. For a given product of
/// channels it is least where both are the same.
pub const fn memory_access(map: Map, kernel: u64, input: u64, output: u64) -> u64 {
    map.pixels() * (input + output) + kernel * input * output
}
