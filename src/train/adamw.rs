//! AdamW (Loshchilov and Hutter 2019): the gradient's average over the root of its square's average; decay beside them.

use crate::tensor::Real;

/// How a list of numbers is moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// What is left of the average of gradients in a step.
    pub momentum: f64,
    /// What is left of the average of their squares.
    pub second: f64,
    /// Added to the root.
    pub least: f64,
    /// How much of itself a weight loses, before the rate; biases, gamma and beta lose nothing.
    pub decay: f64,
    /// Pictures of a step, mini-batches put together: gradients are sums over them.
    pub batch: usize,
}

impl AdamW {
    /// 1 over how much of either average there is after so many steps: both begin with nothing.
    pub fn whole(&self, steps: u64) -> [f64; 2] {
        [self.momentum, self.second].map(|kept| 1.0 / (1.0 - kept.powf(steps as f64)))
    }

    /// Step number `n`, from 1, at `rate` against `gradient`, which is summed over the batch. `averages` are those of gradients and squares, zeros at first.
    /// `decays`: whether the numbers are weights.
    pub fn step<T: Real>(
        &self,
        numbers: &mut [T],
        averages: [&mut [T]; 2],
        gradient: &[T],
        (rate, n): (f64, u64),
        decays: bool,
    ) {
        let [whole_first, whole_second] = self.whole(n);
        let decay = if decays { self.decay } else { 0.0 };
        let [first, second] = averages;
        for (((number, first), second), gradient) in numbers.iter_mut().zip(first).zip(second).zip(gradient) {
            let down = gradient.wide() / self.batch as f64;
            *first = T::of(self.momentum * first.wide() + (1.0 - self.momentum) * down);
            *second = T::of(self.second * second.wide() + (1.0 - self.second) * down * down);
            let step = first.wide() * whole_first / ((second.wide() * whole_second).sqrt() + self.least);
            *number = T::of(number.wide() - rate * (step + decay * number.wide()));
        }
    }
}
