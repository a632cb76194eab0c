//! How fast numbers are moved, step by step: Darknet's policies.

use std::f64::consts::PI;

/// `policy` of `[net]`, with the keys that it reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Policy {
    /// `constant`
    Constant,
    /// `step`: times `scale` every `step` steps.
    Step {
        /// `step`
        step: u64,
        /// `scale`
        scale: f64,
    },
    /// `steps`: times each of `scales` from its place in `steps` on.
    Steps(Vec<(u64, f64)>),
    /// `exp`: times `gamma` every step.
    Exp {
        /// `gamma`
        gamma: f64,
    },
    /// `poly`: `(1 - n / max_batches) ^ power`.
    Poly,
    /// `sigmoid`: falls around `step`.
    Sigmoid {
        /// `gamma`
        gamma: f64,
        /// `step`
        step: u64,
    },
    /// A half cosine from the whole rate down to `last` of it, over all steps: the paper's networks (no policy of Darknet's).
    Cosine {
        /// What is left of the rate at the end.
        last: f64,
    },
    /// `sgdr`: a half cosine from `learning_rate` down to `least`, again and again.
    Sgdr {
        /// `learning_rate_min`
        least: f64,
        /// `sgdr_cycle`: steps of the first cycle.
        cycle: u64,
        /// `sgdr_mult`: every cycle is that many times as long as the one before.
        times: u64,
    },
}

/// The learning rate of every step.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// `learning_rate`
    pub learning_rate: f64,
    /// `burn_in`: steps that begin with less.
    pub burn_in: u64,
    /// `power` of the burn-in and of `poly`. Default 4.
    pub power: f64,
    /// `max_batches`
    pub max_batches: u64,
    /// `policy`
    pub policy: Policy,
}

impl Schedule {
    /// The same for so many steps, whatever the cfg was made for: a twentieth of them, at most a thousand, begin with less, and what changes on the
    /// way does so at the same parts of it. A rate that would never change falls to a tenth at 80 and at 90 %, as Darknet's advice is.
    pub fn over(&self, steps: u64) -> Self {
        let part = |at: u64| {
            if self.max_batches == 0 { at } else { (at as f64 * steps as f64 / self.max_batches as f64) as u64 }
        };
        let policy = match &self.policy {
            Policy::Constant => Policy::Steps(vec![(steps * 8 / 10, 0.1), (steps * 9 / 10, 0.1)]),
            Policy::Steps(all) => Policy::Steps(all.iter().map(|(at, scale)| (part(*at), *scale)).collect()),
            Policy::Step { step, scale } => Policy::Step { step: part(*step).max(1), scale: *scale },
            Policy::Sgdr { least, cycle, times } => {
                Policy::Sgdr { least: *least, cycle: part(*cycle).max(1), times: *times }
            }
            Policy::Exp { gamma } if self.max_batches > 0 => {
                Policy::Exp { gamma: gamma.powf(self.max_batches as f64 / steps as f64) }
            }
            Policy::Sigmoid { gamma, step } if self.max_batches > 0 => {
                Policy::Sigmoid { gamma: gamma * self.max_batches as f64 / steps as f64, step: part(*step) }
            }
            other @ (Policy::Exp { .. } | Policy::Poly | Policy::Sigmoid { .. } | Policy::Cosine { .. }) => {
                other.clone()
            }
        };
        Self { burn_in: (steps / 20).min(1000), max_batches: steps, policy, ..self.clone() }
    }

    /// The rate of step `n`; the first one is 1, as Darknet counts a batch before it looks at the rate.
    pub fn rate(&self, n: u64) -> f64 {
        let own = self.learning_rate;
        let part = |of: u64| n as f64 / of as f64;
        if n < self.burn_in {
            return own * part(self.burn_in).powf(self.power);
        }
        match &self.policy {
            Policy::Constant => own,
            Policy::Step { step, scale } => own * scale.powf((n / (*step).max(1)) as f64),
            Policy::Steps(steps) => {
                own * steps.iter().filter(|(at, _)| *at <= n).map(|(_, scale)| scale).product::<f64>()
            }
            Policy::Exp { gamma } => own * gamma.powf(n as f64),
            Policy::Poly => own * (1.0 - part(self.max_batches.max(1))).max(0.0).powf(self.power),
            Policy::Sigmoid { gamma, step } => own / (1.0 + (gamma * (n as f64 - *step as f64)).exp()),
            Policy::Cosine { last } => {
                let way = part(self.max_batches.max(1)).min(1.0);
                own * (last + (1.0 - last) * 0.5 * (1.0 + (PI * way).cos()))
            }
            Policy::Sgdr { least, cycle, times } => {
                let (mut begun, mut length) = (0, (*cycle).max(1));
                if *times < 2 {
                    begun = n.saturating_sub(1) / length * length;
                }
                while n - begun > length {
                    begun += length;
                    length = length.saturating_mul(*times);
                }
                least + 0.5 * (own - least) * (1.0 + (PI * (n - begun) as f64 / length as f64).cos())
            }
        }
    }
}
