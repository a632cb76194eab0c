//! What a step does to the numbers.

/// What AdamW knows besides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adaptive {
    /// What is left of the average of squares in a step.
    pub second: f64,
    /// Added to the root.
    pub least: f64,
    /// Number of the step, from 1.
    pub step: u64,
}

impl Default for Adaptive {
    fn default() -> Self {
        Self { second: 0.999, least: 1e-8, step: 1 }
    }
}

/// What the gradients of a step were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GradientNorm {
    /// Length of the gradients of one picture, all together, before they were shortened.
    pub length: f64,
    /// How many were no numbers. With any of those the step was not made.
    pub odd: usize,
}

/// A step of gradient descent, and how far running statistics follow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Descent {
    /// The learning rate.
    pub rate: f64,
    /// That of biases and betas.
    pub bias_rate: f64,
    /// What is left of a step for the next one.
    pub momentum: f64,
    /// Nesterov's momentum: how much of itself a step goes beyond, 0 for none.
    pub ahead: f64,
    /// How much of itself a weight loses, before the rate.
    pub decay: f64,
    /// The longest that the gradients of one picture may be, all together; they are shortened to it. 0 for any length.
    pub longest: f64,
    /// AdamW's own, for a program that was made for it.
    pub adaptive: Adaptive,
    /// Pictures of the step: gradients are sums over them.
    pub batch: usize,
    /// How much of the statistics of every mini-batch the running ones take over.
    pub share: f64,
    /// How much of the numbers the averaged ones take over, if there are any.
    pub average: f64,
}
