//! Seeded random weights, for tests and benchmarks where the trained ones are not at hand.

use crate::graph::{Graph, NodeParams, Params};

/// SplitMix64: small, seeded, the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator; equal seeds give equal numbers.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform between two numbers.
    pub fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (f64::from(self.signed()) + 1.0) / 2.0
    }

    /// Uniform in [-1, 1).
    pub fn signed(&mut self) -> f32 {
        ((self.bits() >> 40) as f32 / (1u64 << 23) as f32) - 1.0
    }
}

/// Kernels uniform with a variance of 2 / fan-in (He), so that activations neither die nor explode; batch-norm close to
/// the identity, biases within 0.1.
pub fn params(graph: &Graph, seed: u64) -> Params {
    let mut random = Random::new(seed);
    let mut params = Params(vec![None; graph.nodes.len()]);
    for layer in graph.weighted() {
        let mut list = |n: usize, middle: f32, spread: f32| -> Vec<f32> {
            (0..n).map(|_| middle + spread * random.signed()).collect()
        };
        let n = layer.filters;
        let fan_in = (layer.weights / n).max(1) as f32;
        let weights = list(layer.weights, 0.0, (6.0 / fan_in).sqrt());
        let mut bias = Some(list(n, 0.0, 0.1));
        if let Some(norm) = layer.norm {
            let (gamma, mean, var) = (list(n, 1.0, 0.05), list(n, 0.0, 0.05), list(n, 1.0, 0.05));
            let beta = bias.take().unwrap_or_default();
            let eps = super::darknet::weights::BN_EPS;
            params.0[norm.0] = Some(NodeParams::BatchNorm { beta, gamma, mean, var, eps });
        }
        if let Some(conv) = layer.conv {
            params.0[conv.0] = Some(NodeParams::Conv { weights, bias });
        }
    }
    params
}
