//! The keys of the paper's recipe and of other optimizers; and what keys say of a step: how far it moves numbers, and what is seen of pictures in it.

use crate::train::{
    augment::{AugmentKeys, Mixup, Mosaic, Spread},
    darknet_loss::YoloSection,
    keys::TrainingKeys,
    recipe::{Optimizer, StepSize, TrainingRecipe, WarmUp},
    schedule::{Policy, Schedule},
};

/// AdamW's rate, momentum and decay, unless somebody says otherwise.
const ADAMW: (f64, f64, f64) = (0.001, 0.9, 0.01);

impl TrainingKeys {
    /// The paper's recipe, with these heads: from scratch for two thirds, then as its networks were tuned at the end.
    pub fn scaled(heads: Vec<YoloSection>) -> Self {
        let augment = AugmentKeys {
            flip: true,
            hue: 0.015,
            saturation: Spread::Around(0.7),
            exposure: Spread::Around(0.4),
            mosaic: Mosaic::Zoomed { scale: 0.5, shift: 0.5 },
            ..AugmentKeys::default()
        };
        let last = AugmentKeys {
            mosaic: Mosaic::Zoomed { scale: 0.8, shift: 0.5 },
            mixup: Mixup::Beta { odds: 0.2 },
            ..augment
        };
        Self {
            schedule: Schedule {
                learning_rate: 0.01,
                burn_in: 0,
                power: 1.0,
                max_batches: 0,
                policy: Policy::Cosine { last: 0.2 },
            },
            momentum: 0.937,
            warm_up: Some(WarmUp { bias_times: 10.0, momentum: 0.9 }),
            decay: 0.0005,
            recipe: TrainingRecipe::Scaled,
            optimizer: Optimizer::Sgd,
            heads,
            augment,
            last_third: Some(last),
        }
    }

    /// The same with this optimizer; AdamW has rates, momentum and decay of its own.
    #[must_use]
    pub fn moved_by(self, optimizer: Optimizer) -> Self {
        if optimizer == Optimizer::Sgd {
            return self;
        }
        let (learning_rate, momentum, decay) = ADAMW;
        let schedule = Schedule { learning_rate, ..self.schedule };
        Self { optimizer, schedule, momentum, decay, warm_up: None, ..self }
    }

    /// How far step `n` moves the numbers, the first one being 1, with the rates of `schedule`.
    pub fn step_size(&self, schedule: &Schedule, n: u64) -> StepSize {
        let rate = schedule.rate(n);
        let begun = |n: u64| (n as f64 / schedule.burn_in.max(1) as f64).min(1.0);
        let Some(first) = &self.warm_up else {
            return StepSize { rate, bias_rate: rate, momentum: self.momentum, kept: self.momentum };
        };
        let towards = |from: f64, to: f64, n: u64| from + (to - from) * begun(n);
        StepSize {
            rate,
            bias_rate: if begun(n) < 1.0 {
                towards(first.bias_times * schedule.learning_rate, schedule.learning_rate, n)
            } else {
                rate
            },
            momentum: towards(first.momentum, self.momentum, n),
            kept: towards(first.momentum, self.momentum, n + 1),
        }
    }

    /// How pictures are varied in step `n` of so many, the first one being 1.
    pub fn augment_at(&self, n: u64, steps: u64) -> &AugmentKeys {
        match &self.last_third {
            Some(last) if n.saturating_mul(3) > steps.saturating_mul(2) => last,
            _ => &self.augment,
        }
    }
}
