//! What a step does to the numbers.

/// A step of gradient descent, and how far running statistics follow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Descent {
    /// The learning rate.
    pub rate: f64,
    /// What is left of a step for the next one.
    pub momentum: f64,
    /// How much of itself a weight loses, before the rate.
    pub decay: f64,
    /// Pictures of the step: gradients are sums over them.
    pub batch: usize,
    /// How much of the statistics of every mini-batch the running ones take over.
    pub share: f64,
    /// How much of the numbers the averaged ones take over, if there are any.
    pub average: f64,
}
