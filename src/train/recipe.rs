//! The two recipes, and what a step is made of in either.

/// What the numbers' steps are made of, and what is asked of the heads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum TrainingRecipe {
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

/// How a training begins, besides with less than its rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// How many times the rate biases and betas begin with; theirs falls to the others'.
    pub bias_times: f64,
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

impl TrainingRecipe {
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
