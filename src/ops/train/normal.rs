//! What the ops of batch-norm in training share.

use crate::{
    ops::{NodeParams, expect},
    tensor::{Real, Shape, Tensor},
};

/// The statistics and numbers of every channel.
pub struct Normal<'a, T> {
    mean: &'a [T],
    variance: &'a [T],
    gamma: &'a [T],
    beta: &'a [T],
    eps: f64,
}

/// Those of one channel.
pub struct Channel {
    mean: f64,
    /// `1 / sqrt(variance + eps)`
    pub inverse: f64,
    pub gamma: f64,
    pub beta: f64,
}

impl<'a, T: Real> Normal<'a, T> {
    /// Of x, mean and variance, and the numbers of a batch-norm; its running statistics are not looked at.
    pub fn new(inputs: &[&'a Tensor<T>], numbers: Option<&'a NodeParams<T>>) -> Result<Self, String> {
        let Some(NodeParams::BatchNorm { beta, gamma, eps, .. }) = numbers else {
            return Err("has no parameters".into());
        };
        let (mean, variance) = (&inputs[1].data, &inputs[2].data);
        let channels = inputs[0].shape.c;
        let lists = [beta, gamma, mean, variance];
        lists.iter().try_for_each(|list| expect("batch-norm numbers of each kind", channels, list.len()))?;
        Ok(Self { mean, variance, gamma, beta, eps: f64::from(*eps) })
    }

    pub fn channel(&self, c: usize) -> Channel {
        let inverse = (self.variance[c].wide() + self.eps).sqrt().recip();
        Channel { mean: self.mean[c].wide(), inverse, gamma: self.gamma[c].wide(), beta: self.beta[c].wide() }
    }
}

impl Channel {
    /// The number, normal.
    pub fn of<T: Real>(&self, x: T) -> f64 {
        (x.wide() - self.mean) * self.inverse
    }
}

/// The shape of x, if the two that follow have a number a channel.
pub fn statistics(inputs: &[Shape]) -> Result<Shape, String> {
    let each = Shape::new(inputs[0].c, 1, 1);
    let fits = inputs[1..].iter().all(|shape| *shape == each);
    if fits { Ok(inputs[0]) } else { Err(format!("expected mean and variance of shape {each}")) }
}
