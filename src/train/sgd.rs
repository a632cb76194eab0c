//! Stochastic gradient descent with momentum and decay, in Darknet's order; or with Nesterov's momentum.

use crate::tensor::Real;

/// How a list of numbers is moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// `momentum`: what is left of a step for the next one.
    pub momentum: f64,
    /// Nesterov's momentum: how much of itself a step goes beyond, 0 for none.
    pub ahead: f64,
    /// `decay`: how much of itself a weight loses, before the rate; biases, gamma and beta lose nothing.
    pub decay: f64,
    /// Pictures of a step, mini-batches put together: gradients are sums over them.
    pub batch: usize,
}

impl Sgd {
    /// A step at `rate` against `gradient`, which is summed over the batch. `velocity` is what earlier steps have left, of zeros at first.
    /// `decays`: whether the numbers are weights.
    pub fn step<T: Real>(&self, numbers: &mut [T], velocity: &mut [T], gradient: &[T], rate: f64, decays: bool) {
        let (batch, decay) = (self.batch as f64, if decays { self.decay } else { 0.0 });
        for ((number, velocity), gradient) in numbers.iter_mut().zip(velocity).zip(gradient) {
            let update = velocity.wide() - gradient.wide() - decay * batch * number.wide();
            // What is new of it once more, behind what comes next of all of it.
            let step = if self.ahead > 0.0 { self.ahead * update + (update - velocity.wide()) } else { update };
            *number = T::of(number.wide() + rate / batch * step);
            *velocity = T::of(self.momentum * update);
        }
    }
}
