//! Sizes that change on the way (Darknet's `random`): what is small in one step is large in another.

use crate::{
    error::{Error, Result},
    graph::Graph,
    train::order::random_of,
};

/// Steps from one size to the next, as Darknet has it.
const STEPS: u64 = 10;
/// The last of so many parts of the steps is of the network's own size: statistics are to be those of pictures as it will see them.
const OWN: u64 = 10;

/// Which size a step has; the same for the same seed.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingSizes {
    own: (usize, usize),
    /// All sides are multiples of it: pixels of the input to a cell of the coarsest head.
    stride: usize,
    /// Sides are the network's own, times a number between this and its inverse.
    factor: f64,
    seed: u64,
    /// Steps in all.
    steps: u64,
}

impl TrainingSizes {
    /// The sizes of a network's training in so many steps.
    ///
    /// # Errors
    /// [`Error::Usage`] if the factor is not above 1 and at most 4.
    pub fn new(graph: &Graph, factor: f64, seed: u64, steps: u64) -> Result<Self> {
        if !(factor > 1.0 && factor <= 4.0) {
            return Err(Error::Usage(format!("--multi-scale: expected more than 1 and at most 4, found {factor}")));
        }
        let own = graph.canvas();
        let strides = graph.heads.iter().map(|head| own.0.div_ceil(graph.node(head.input).shape.w.max(1)));
        Ok(Self { own, stride: strides.max().unwrap_or(1), factor, seed, steps })
    }

    /// Columns and rows of the network's picture in a step, the first one being 0. The largest come first, so that memory is short at once or never.
    pub fn at(&self, step: u64) -> (usize, usize) {
        if step < STEPS {
            return self.largest();
        }
        if step >= self.steps - self.steps / OWN {
            return self.own;
        }
        let mut random = random_of(self.seed, step / STEPS, usize::MAX);
        let larger = random.within(1.0, self.factor);
        self.times(if random.bits() & 1 == 0 { larger } else { 1.0 / larger })
    }

    /// The largest size that there may be.
    pub fn largest(&self) -> (usize, usize) {
        self.times(self.factor)
    }

    fn times(&self, factor: f64) -> (usize, usize) {
        let side = |own: usize| ((own as f64 * factor / self.stride as f64).round() as usize).max(1) * self.stride;
        (side(self.own.0), side(self.own.1))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::{CfgOptions, Model};

    #[test]
    fn sizes_change_every_ten_steps_and_end_with_the_networks_own() {
        let options = CfgOptions { size: Some((416, 320)), ..CfgOptions::default() };
        let network = Model::open("yolov4-tiny", &options).unwrap();
        let sizes = TrainingSizes::new(&network.graph, 1.4, 7, 1000).unwrap();
        assert_eq!((sizes.at(0), sizes.at(9), sizes.largest()), ((576, 448), (576, 448), (576, 448)));
        for step in 10..900 {
            let (w, h) = sizes.at(step);
            assert_eq!((w, h), sizes.at(step / 10 * 10), "step {step}");
            assert!(w % 32 == 0 && h % 32 == 0 && (288..=576).contains(&w) && (224..=448).contains(&h), "{w}x{h}");
        }
        let seen: BTreeSet<_> = (10..900).map(|step| sizes.at(step).0).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), (9..=18).map(|n| 32 * n).collect::<Vec<_>>());
        assert!((900..1000).all(|step| sizes.at(step) == (416, 320)));
        let other = TrainingSizes::new(&network.graph, 1.4, 8, 1000).unwrap();
        assert!((10..900).any(|step| sizes.at(step) != other.at(step)));
        assert!(
            [1.0, 0.5, 5.0, f64::NAN].iter().all(|factor| TrainingSizes::new(&network.graph, *factor, 0, 9).is_err())
        );
    }
}
