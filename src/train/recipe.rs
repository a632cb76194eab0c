//! The two recipes: how far a step moves numbers, and what is seen of pictures in it.

use crate::train::{
    augment::{AugmentKeys, Factor, Mixup, Mosaic},
    darknet_loss::YoloSection,
    keys::TrainingKeys,
    schedule::{Policy, Schedule},
};

/// What the numbers' steps are made of, and what is asked of the heads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Recipe {
    /// Darknet's: rates, loss and how pictures are varied as the cfg says
    #[default]
    Darknet,
    /// The paper's: truths by ratio of sides and to neighbouring cells, CIoU, cross entropy, heads balanced; a cosine down to a fifth; mosaics, always
    Scaled,
}

/// How numbers are moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Optimizer {
    /// Gradient descent with momentum, as the recipe has it
    #[default]
    Sgd,
    /// AdamW: a rate for each number, decay beside it
    #[cfg_attr(feature = "clap", value(name = "adamw"))]
    AdamW,
}

impl Optimizer {
    /// As the command line has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::AdamW => "adamw",
        }
    }
}

/// AdamW's rate, momentum and decay, unless somebody says otherwise.
const ADAMW: (f64, f64, f64) = (0.001, 0.9, 0.01);

/// How a training begins, besides with less than its rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// The rate that biases and betas begin with; it falls to the others'.
    pub bias_rate: f64,
    /// The momentum that it begins with; it grows.
    pub momentum: f64,
}

/// How far a step moves the numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepSize {
    /// The learning rate.
    pub rate: f64,
    /// That of biases and betas.
    pub bias_rate: f64,
    /// What was left of the step before for this one.
    pub momentum: f64,
    /// What is left of this one for the next.
    pub kept: f64,
}

impl Recipe {
    /// As the command line has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Darknet => "darknet",
            Self::Scaled => "scaled",
        }
    }

    /// How much of themselves averaged numbers keep in the long run, unless somebody says otherwise.
    pub const fn average(self) -> f64 {
        match self {
            Self::Darknet => 0.999,
            Self::Scaled => 0.9999,
        }
    }

    /// How much averaged numbers keep, if they keep `most` in the long run, in the step behind so many: the first ones count nearly alike, or the average
    /// would be of what training began with.
    pub fn averaged(self, most: f64, steps: u64) -> f64 {
        let steps = steps as f64;
        match self {
            Self::Darknet => most.min((1.0 + steps) / (10.0 + steps)),
            Self::Scaled => most * (1.0 - (-(steps + 1.0) / AVERAGE_STEPS).exp()),
        }
    }
}

/// Steps in which the paper's average comes to itself.
const AVERAGE_STEPS: f64 = 2000.0;

/// Pictures that the paper's rates and decay are meant for.
pub const NOMINAL_BATCH: usize = 64;

impl TrainingKeys {
    /// The paper's recipe, with these heads: from scratch for two thirds, then as its networks were tuned at the end.
    pub fn scaled(heads: Vec<YoloSection>) -> Self {
        let augment = AugmentKeys {
            flip: true,
            hue: 0.015,
            saturation: Factor::Around(0.7),
            exposure: Factor::Around(0.4),
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
            warm_up: Some(WarmUp { bias_rate: 0.1, momentum: 0.9 }),
            decay: 0.0005,
            recipe: Recipe::Scaled,
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
            bias_rate: if begun(n) < 1.0 { towards(first.bias_rate, schedule.learning_rate, n) } else { rate },
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
