//! Training by definition: the oracle's values, in f64, one step after the other. Slow, and right: what the GPU's steps are compared with.

use std::collections::BTreeMap;

use crate::{
    error::{Error, Result},
    graph::{
        NodeId, Params,
        backward::{NumberGradient, TrainingGraph},
    },
    ops::NodeParams,
    oracle::{Values, play_batch},
    tensor::Tensor,
    train::{adamw::AdamW, clip, sgd::Sgd},
};

/// What running statistics take over from a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Share of the newest batch, in the long run: 0.01 in Darknet.
    pub share: f64,
    /// Steps that the statistics have seen; `None` if they are those of a trained network. The first steps count alike, so that what
    /// begins with nothing is not pulled to zero.
    pub seen: Option<u64>,
}

impl Statistics {
    /// The share of the next batch.
    fn next(&mut self) -> f64 {
        let Some(seen) = &mut self.seen else { return self.share };
        *seen += 1;
        self.share.max(1.0 / *seen as f64)
    }
}

/// A network in training.
#[derive(Clone, Debug)]
pub struct Twin {
    training: TrainingGraph,
    /// Of the graph as loaded.
    params: Params<f64>,
    /// What earlier steps have left, by gradient of the training graph.
    velocity: Vec<Vec<f64>>,
    /// Averages of squares, by gradient of the training graph.
    squares: Vec<Vec<f64>>,
    /// Steps that were done.
    steps: u64,
    /// How numbers are moved.
    pub sgd: Sgd,
    /// They are moved so instead.
    pub adamw: Option<AdamW>,
    /// The longest that the gradients of one picture may be, all together.
    pub longest: Option<f64>,
    /// How running statistics follow.
    pub statistics: Statistics,
}

impl Twin {
    /// Begins with these numbers of the graph as loaded.
    pub fn new(training: TrainingGraph, params: Params<f64>, sgd: Sgd, statistics: Statistics) -> Self {
        let elements = |gradient: NodeId| training.graph.node(gradient).shape.elements();
        let velocity: Vec<Vec<f64>> =
            training.gradients.iter().map(|gradient| vec![0.0; elements(gradient.value)]).collect();
        let squares = velocity.clone();
        Self { training, params, velocity, squares, steps: 0, sgd, adamw: None, longest: None, statistics }
    }

    /// The numbers as they are now.
    pub fn params(&self) -> &Params<f64> {
        &self.params
    }

    /// The network, forwards and backwards.
    pub fn training(&self) -> &TrainingGraph {
        &self.training
    }

    /// One step at these rates, the second of biases and betas, on one batch, the mini-batch of the training graph. `loss` is given the heads' values, one a picture each, and says
    /// the gradients by them.
    ///
    /// # Errors
    /// As [`play_batch`]; what `loss` says; [`Error::Usage`] if [`Sgd::batch`] is not the pictures of the training graph (mini-batches are not
    /// put together here), or there are not as many gradients as heads.
    pub fn step(
        &mut self,
        pictures: Vec<Tensor<f64>>,
        rates: [f64; 2],
        loss: impl FnOnce(&[&Values<f64>]) -> Result<Vec<Values<f64>>>,
    ) -> Result<()> {
        let training = &self.training;
        if self.sgd.batch != training.pictures {
            let (batch, pictures) = (self.sgd.batch, training.pictures);
            return Err(Error::Usage(format!("a step of {batch} pictures: expected the training graph's {pictures}")));
        }
        let numbers = |id: NodeId| training.numbers[id.0].and_then(|of| self.params.get(of));
        let forwards = forwards(training);
        let mut values = play_batch(&training.graph, &numbers, [(NodeId(0), pictures)].into(), &forwards)?;
        let heads: Vec<NodeId> = training.graph.heads.iter().map(|head| head.input).collect();
        let missing = || Error::graph("heads", "have no value");
        let of_heads = heads.iter().map(|id| values.get(id).ok_or_else(missing)).collect::<Result<Vec<_>>>()?;
        let above = loss(&of_heads)?;
        if above.len() != training.upstream.len() {
            let (expected, found) = (training.upstream.len(), above.len());
            return Err(Error::Usage(format!("expected the gradients of {expected} heads, found {found}")));
        }
        values.extend(training.upstream.iter().copied().zip(above));
        let statistics: BTreeMap<NodeId, Vec<f64>> = training
            .statistics
            .iter()
            .flat_map(|of| [of.mean, of.variance])
            .filter_map(|id| Some((id, values.get(&id)?.first()?.data.clone())))
            .collect();
        let keep: Vec<NodeId> = training.gradients.iter().map(|gradient| gradient.value).collect();
        let gradients = play_batch(&training.graph, &numbers, values, &keep)?;
        self.descend(&gradients, rates);
        self.follow(&statistics);
        Ok(())
    }

    /// Moves the numbers.
    fn descend(&mut self, gradients: &BTreeMap<NodeId, Values<f64>>, [rate, bias_rate]: [f64; 2]) {
        self.steps += 1;
        let list = |gradient: &NumberGradient| gradients.get(&gradient.value)?.first().map(|value| value.data.clone());
        let mut lists: Vec<Vec<f64>> =
            self.training.gradients.iter().map(|gradient| list(gradient).unwrap_or_default()).collect();
        let norm = clip::norm(lists.iter().map(Vec::as_slice));
        let factor = clip::factor(norm, self.longest.map(|longest| longest * self.sgd.batch as f64));
        lists.iter_mut().flatten().for_each(|by| *by *= factor);
        let (sgd, adamw, n) = (self.sgd, self.adamw, self.steps);
        let step = |numbers: &mut [f64], before: [&mut [f64]; 2], gradient: &[f64], rate: f64, decays: bool| match adamw
        {
            Some(adamw) => adamw.step(numbers, before, gradient, (rate, n), decays),
            None => sgd.step(numbers, before.into_iter().next().unwrap_or_default(), gradient, rate, decays),
        };
        let before = self.velocity.iter_mut().zip(&mut self.squares);
        for ((gradient, found), (velocity, squares)) in self.training.gradients.iter().zip(&lists).zip(before) {
            let Some(numbers) = self.params.0.get_mut(gradient.of.0).and_then(Option::as_mut) else { continue };
            match numbers {
                NodeParams::Conv { weights, .. } if gradient.what == "weights" => {
                    step(weights, [velocity, squares], found, rate, true);
                }
                NodeParams::Conv { bias: Some(bias), .. } => step(bias, [velocity, squares], found, bias_rate, false),
                NodeParams::Conv { bias: None, .. } => {}
                NodeParams::BatchNorm { gamma, beta, .. } => {
                    // Pairs: gamma's, beta's.
                    let pairs = velocity.chunks_exact_mut(2).zip(squares.chunks_exact_mut(2));
                    for (n, ((velocity, squares), found)) in pairs.zip(found.chunks_exact(2)).enumerate() {
                        for (at, (list, rate)) in [(&mut *gamma, rate), (&mut *beta, bias_rate)].into_iter().enumerate()
                        {
                            let Some(number) = list.get_mut(n) else { continue };
                            let before = [&mut velocity[at..=at], &mut squares[at..=at]];
                            step(std::slice::from_mut(number), before, &found[at..=at], rate, false);
                        }
                    }
                }
            }
        }
    }

    /// Lets running statistics follow those of the batch. The variance is taken over as of a sample (N - 1), which is what a network that is
    /// not in training meets.
    fn follow(&mut self, batch: &BTreeMap<NodeId, Vec<f64>>) {
        let share = self.statistics.next();
        for of in &self.training.statistics {
            let Some(Some(NodeParams::BatchNorm { mean, var, .. })) = self.params.0.get_mut(of.of.0) else { continue };
            let graph = &self.training.graph;
            let count = graph.node(graph.node(of.mean).inputs[0]).shape.pixels() * self.training.pictures;
            let sample = count as f64 / (count as f64 - 1.0).max(1.0);
            for (running, id, factor) in [(mean, of.mean, 1.0), (var, of.variance, sample)] {
                for (running, now) in running.iter_mut().zip(batch.get(&id).into_iter().flatten()) {
                    *running += share * (factor * now - *running);
                }
            }
        }
    }
}

/// The nodes of the network itself, its input included: the gradient of the first layer's weights reads it.
fn forwards(training: &TrainingGraph) -> Vec<NodeId> {
    (0..training.first_given().0).map(NodeId).collect()
}
