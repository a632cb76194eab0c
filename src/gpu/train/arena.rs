//! Where numbers lie: lists one behind the other, each as the kernels of gradients write it, so that what is done to all numbers is done to a stretch.

use crate::{
    error::{Error, Result},
    graph::{Graph, NodeId, Params, backward::TrainingGraph},
    ops::{NodeParams, Op},
    tensor::{Shape, Tensor},
};

/// Vectors of four numbers that every list is padded to a multiple of: those of 64 biases, which the tiles of convolutions read.
const LIST: usize = 16;
/// Bytes of a vector: numbers are f32 in any precision.
pub const VECTOR: usize = 16;

/// A list of a node's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberList {
    /// The node of the graph as loaded.
    pub of: NodeId,
    /// As [`crate::graph::backward::NumberGradient::what`], or `factor, addend` of a batch-norm that is not trained.
    pub what: &'static str,
    /// The node of the training graph with its gradient, if it is trained.
    pub gradient: Option<NodeId>,
    /// Its shape, in four-channel blocks.
    pub shape: Shape,
    /// First vector.
    pub first: usize,
}

impl NumberList {
    /// Vectors, those included that pad it.
    pub fn vectors(&self) -> usize {
        self.shape.vectors().next_multiple_of(LIST)
    }
}

/// Where all lists lie: weights that are trained, biases, gammas and betas by turns, the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arena {
    pub lists: Vec<NumberList>,
    /// Behind the last of the weights that are trained: those lose by decay.
    pub weights: usize,
    /// Behind the last of the biases that are trained.
    pub biases: usize,
    /// Behind the last that is trained.
    pub trained: usize,
    /// All of them.
    pub vectors: usize,
}

impl Arena {
    /// Lays out the numbers of a graph, for a training graph of it; every list at a multiple of so many bytes.
    pub fn new(loaded: &Graph, training: &TrainingGraph, alignment: usize) -> Self {
        let mut lists = Vec::new();
        for (of, node) in loaded.iter() {
            let gradient = |what: &str| {
                let found = training.gradients.iter().find(|gradient| gradient.of == of && gradient.what == what);
                found.map(|gradient| gradient.value)
            };
            let mut push = |what: &'static str, shape: Shape| {
                lists.push(NumberList { of, what, gradient: gradient(what), shape, first: 0 });
            };
            match &node.op {
                Op::Conv(conv) => {
                    let inputs = loaded.node(node.inputs[0]).shape.c / conv.groups;
                    push("weights", Shape::new(conv.filters, inputs, conv.size * conv.size));
                    if conv.bias {
                        push("bias", Shape::new(conv.filters, 1, 1));
                    }
                }
                Op::BatchNorm => {
                    let trained = training.statistics.iter().any(|statistics| statistics.of == of);
                    let what = if trained { "gamma, beta" } else { "factor, addend" };
                    push(what, Shape::new(node.shape.c, 1, 2));
                }
                _ => {}
            }
        }
        let rank = |list: &NumberList| match (list.gradient, list.what) {
            (Some(_), "weights") => 0,
            (Some(_), "bias") => 1,
            (Some(_), _) => 2,
            (None, _) => 3,
        };
        lists.sort_by_key(rank);
        let (mut ends, mut at) = ([0; 4], 0);
        let step = alignment.div_ceil(VECTOR).max(1);
        for list in &mut lists {
            list.first = at;
            at = (at + list.vectors()).next_multiple_of(step);
            ends[rank(list)] = at;
        }
        let weights = ends[0];
        let biases = ends[1].max(weights);
        let trained = ends[2].max(biases);
        Self { lists, weights, biases, trained, vectors: at }
    }

    /// The list of a node's numbers.
    pub fn list(&self, of: NodeId, what: &str) -> Option<&NumberList> {
        self.lists.iter().find(|list| list.of == of && list.what == what)
    }

    /// All numbers as they lie.
    ///
    /// # Errors
    /// [`Error::Graph`] if a node has none, or too few.
    pub fn fill(&self, loaded: &Graph, params: &Params) -> Result<Vec<f32>> {
        let mut all = vec![0.0; self.vectors * 4];
        for list in &self.lists {
            let numbers = params.get(list.of);
            let flat = match (numbers, list.what) {
                (Some(NodeParams::Conv { weights, .. }), "weights") => weights.clone(),
                (Some(NodeParams::Conv { bias: Some(bias), .. }), "bias") => bias.clone(),
                (Some(NodeParams::BatchNorm { gamma, beta, .. }), "gamma, beta") => pairs(gamma, beta),
                (Some(NodeParams::BatchNorm { gamma, beta, mean, var, eps }), _) => {
                    let factors: Vec<f32> = gamma.iter().zip(var).map(|(g, v)| factor(*g, *v, *eps) as f32).collect();
                    let addend =
                        |c: usize| (f64::from(beta[c]) - f64::from(mean[c]) * factor(gamma[c], var[c], *eps)) as f32;
                    let short = [beta, mean].iter().any(|list| list.len() != factors.len());
                    let addends: Vec<f32> = if short { vec![] } else { (0..factors.len()).map(addend).collect() };
                    pairs(&factors, &addends)
                }
                _ => vec![],
            };
            let (expected, found) = (list.shape.elements(), flat.len());
            let name = &loaded.node(list.of).name;
            let tensor = Tensor::new(list.shape, flat).ok_or_else(|| {
                Error::graph(name, format!("expected {expected} numbers ({}), found {found}", list.what))
            })?;
            let packed = tensor.to_nc4hw4();
            all[list.first * 4..][..packed.len()].copy_from_slice(&packed);
        }
        Ok(all)
    }

    /// Takes what is trained from `all`, which lies as [`Arena::fill`] does, into numbers of the graph as loaded.
    pub fn take(&self, all: &[f32], params: &mut Params) {
        for list in self.lists.iter().filter(|list| list.gradient.is_some()) {
            let numbers = params.0.get_mut(list.of.0).and_then(Option::as_mut);
            let packed = all.get(list.first * 4..).and_then(|all| all.get(..list.shape.vectors() * 4));
            let flat = packed.and_then(|packed| Tensor::from_nc4hw4(list.shape, packed));
            let (Some(numbers), Some(flat)) = (numbers, flat) else { continue };
            match numbers {
                NodeParams::Conv { weights, .. } if list.what == "weights" => *weights = flat.data,
                NodeParams::Conv { bias, .. } => *bias = Some(flat.data),
                NodeParams::BatchNorm { gamma, beta, .. } => {
                    let half = |n: usize| flat.data.iter().skip(n).step_by(2).copied().collect();
                    (*gamma, *beta) = (half(0), half(1));
                }
            }
        }
    }
}

/// Numbers of two lists by turns; none if they are not equally long.
fn pairs(a: &[f32], b: &[f32]) -> Vec<f32> {
    if a.len() == b.len() { a.iter().zip(b).flat_map(|(a, b)| [*a, *b]).collect() } else { vec![] }
}

fn factor(gamma: f32, variance: f32, eps: f32) -> f64 {
    f64::from(gamma) / (f64::from(variance) + f64::from(eps)).sqrt()
}
