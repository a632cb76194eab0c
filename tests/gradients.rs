//! The gradient of every op in f64, in the middle of a network with a fork, against what happens when a number is moved.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use yolov4::{
    Error, Shape, Tensor,
    low_level::{
        graph::{
            Activation, Conv, Epilogue, Graph, NodeId, NodeParams, Op, Params, Spp,
            backward::{GradientRequest, TrainingGraph, backward},
        },
        oracle::{Values, play_batch},
    },
};

#[path = "common/networks.rs"]
mod networks;
use networks::{CONV, Noise, network, random_params};

const PICTURES: usize = 2;
/// How far a number is moved, and how far the quotient may be off.
const STEP: f64 = 1e-5;
const APART: f64 = 1e-6;
/// Numbers of a list that are moved.
const MOVED: usize = 20;

fn values(noise: &mut Noise, shape: Shape) -> Values<f64> {
    (0..PICTURES).map(|_| Tensor::new(shape, noise.list(shape.elements())).unwrap()).collect()
}

struct Case {
    training: TrainingGraph,
    params: Params<f64>,
    given: BTreeMap<NodeId, Values<f64>>,
}

impl Case {
    fn new(graph: &Graph, seed: u64) -> Self {
        let mut noise = Noise(seed);
        let training = backward(graph, &GradientRequest { trained: &|_| true, input: true }, PICTURES).unwrap();
        let params = random_params(graph, &mut noise);
        let mut given: BTreeMap<_, _> = [(NodeId(0), values(&mut noise, graph.input_shape()))].into();
        for (head, upstream) in graph.heads.iter().zip(&training.upstream) {
            given.insert(*upstream, values(&mut noise, graph.node(head.input).shape));
        }
        Self { training, params, given }
    }

    fn play(&self, keep: &[NodeId]) -> BTreeMap<NodeId, Values<f64>> {
        let numbers = |id: NodeId| self.training.numbers[id.0].and_then(|of| self.params.get(of));
        play_batch(&self.training.graph, &numbers, self.given.clone(), keep).unwrap()
    }

    /// What is differentiated: the sum of the heads' values times the gradients that are given for them.
    fn loss(&self) -> f64 {
        let heads: Vec<NodeId> = self.training.graph.heads.iter().map(|head| head.input).collect();
        let values = self.play(&heads);
        let dot = |a: &Tensor<f64>, b: &Tensor<f64>| a.data.iter().zip(&b.data).map(|(a, b)| a * b).sum::<f64>();
        let of_head = |(head, upstream): (&NodeId, &NodeId)| {
            values[head].iter().zip(&self.given[upstream]).map(|(a, b)| dot(a, b)).sum::<f64>()
        };
        heads.iter().zip(&self.training.upstream).map(of_head).sum()
    }

    /// Distance of a gradient from the quotients of differences, at some places of the list that `at` finds in a case.
    fn apart(&mut self, gradient: &[f64], at: impl Fn(&mut Self) -> &mut Vec<f64>) -> f64 {
        let n = gradient.len();
        assert_eq!(at(self).len(), n);
        let (mut error, mut size) = (0.0, 0.0);
        for i in (0..n).step_by(n.div_ceil(MOVED)) {
            let mut moved = |by: f64| {
                let whole = at(self)[i];
                at(self)[i] = whole + by;
                let loss = self.loss();
                at(self)[i] = whole;
                loss
            };
            let quotient = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            error += (quotient - gradient[i]).powi(2);
            size += gradient[i].powi(2);
        }
        assert!(size > 0.0, "a gradient of nothing but zeros proves nothing");
        (error / size).sqrt()
    }

    fn check(&mut self, what: &str) {
        let input = self.training.input.expect("a gradient by the input");
        let keep: Vec<NodeId> = self.training.gradients.iter().map(|g| g.value).chain([input]).collect();
        let values = self.play(&keep);
        let report = |label: &str, apart: f64| assert!(apart < APART, "{what}: {label} is {apart:.1e} off");
        for (picture, gradient) in values[&input].iter().enumerate() {
            let apart = self.apart(&gradient.data, |case| &mut case.given.get_mut(&NodeId(0)).unwrap()[picture].data);
            report("the input", apart);
        }
        for gradient in self.training.gradients.clone() {
            let found = &values[&gradient.value];
            assert_eq!(found.len(), 1, "one of a batch");
            let found = &found[0];
            let of = gradient.of.0;
            let name = &self.training.graph.node(gradient.value).name.clone();
            match gradient.what {
                "gamma, beta" => {
                    let part = |n: usize| found.data.iter().copied().skip(n).step_by(2).collect::<Vec<f64>>();
                    let apart = self.apart(&part(0), |case| match case.params.0[of].as_mut().unwrap() {
                        NodeParams::BatchNorm { gamma, .. } => gamma,
                        NodeParams::Conv { .. } => panic!("a convolution has no gamma"),
                    });
                    report(name, apart);
                    let apart = self.apart(&part(1), |case| match case.params.0[of].as_mut().unwrap() {
                        NodeParams::BatchNorm { beta, .. } => beta,
                        NodeParams::Conv { .. } => panic!("a convolution has no beta"),
                    });
                    report(name, apart);
                }
                what => {
                    let apart = self.apart(&found.data, |case| match case.params.0[of].as_mut().unwrap() {
                        NodeParams::Conv { weights, .. } if what == "weights" => weights,
                        NodeParams::Conv { bias, .. } => bias.as_mut().unwrap(),
                        NodeParams::BatchNorm { .. } => panic!("a batch-norm has no weights"),
                    });
                    report(name, apart);
                }
            }
        }
    }
}

fn check(networks: Vec<(String, Graph)>) {
    for (what, graph) in networks {
        Case::new(&graph, 7).check(&what);
    }
}

#[test]
fn convolutions() {
    check(networks::convolutions());
}

#[test]
fn batch_norm_knows_that_its_statistics_are_of_what_it_reads() {
    check(networks::batch_norms());
}

#[test]
fn activations() {
    check(networks::activations());
}

#[test]
fn sums_products_and_factors() {
    check(networks::sums_products_and_factors());
}

#[test]
fn channels_put_together_and_taken_apart() {
    check(networks::channels_put_together_and_taken_apart());
}

#[test]
fn pools_and_upsamples() {
    check(networks::pools_and_upsamples());
}

#[test]
fn the_gradient_of_a_fork_is_a_sum_in_the_order_of_its_readers() {
    let graph = network(|b, fork| b.add("middle", None, Op::Conv(CONV), &[fork]).unwrap());
    let training = backward(&graph, &GradientRequest { trained: &|_| true, input: false }, 1).unwrap();
    let sums: Vec<_> = training.graph.iter().filter(|(_, node)| node.op == Op::Add).collect();
    let [(_, sum)] = sums[..] else { panic!("{sums:?}") };
    assert_eq!(sum.name, "stem gradient");
    let readers: Vec<&str> = sum.inputs.iter().map(|id| training.graph.node(*id).name.as_str()).collect();
    assert_eq!(readers, ["middle gradient below", "head 1 gradient below"]);
    assert_eq!(training.input, None);
    let stem = training.gradients.iter().filter(|gradient| gradient.of == NodeId(1)).map(|gradient| gradient.what);
    assert_eq!(stem.collect::<Vec<_>>(), ["weights", "bias"]);
}

#[test]
fn what_is_frozen_has_no_gradient_and_keeps_its_statistics() {
    let graph = network(|b, fork| {
        let norm = b.add("norm", None, Op::BatchNorm, &[fork]).unwrap();
        let conv = b.add("second", None, Op::Conv(Conv { bias: false, ..CONV }), &[norm]).unwrap();
        b.add("second norm", None, Op::BatchNorm, &[conv]).unwrap()
    });
    let behind = |id: NodeId| id.0 > 2;
    let training = backward(&graph, &GradientRequest { trained: &behind, input: false }, 2).unwrap();
    assert_eq!(training.graph.node(training.values[2]).op, Op::BatchNorm);
    let of: Vec<&str> = training.gradients.iter().map(|g| graph.node(g.of).name.as_str()).collect();
    assert_eq!(of, ["second", "second norm", "head 0", "head 0", "head 1", "head 1"]);
    assert_eq!(training.statistics.len(), 1);
    // Of the stem nothing is computed backwards.
    assert!(!training.graph.nodes.iter().any(|node| node.name.starts_with("stem ")));
    let in_front = |id: NodeId| id.0 != 2;
    let error = backward(&graph, &GradientRequest { trained: &in_front, input: false }, 2).unwrap_err();
    assert!(matches!(error, Error::Graph { .. }), "{error:?}");
    assert!(error.to_string().contains("norm: keeps its running statistics"), "{error}");
}

#[test]
fn what_no_network_is_loaded_with_is_refused_by_name() {
    let spp = network(|b, fork| b.add("pyramid", None, Op::Spp(Spp { sizes: [5, 3, 1, 1] }), &[fork]).unwrap());
    let fused = Epilogue { activation: Activation::Mish, ..Epilogue::NONE };
    let fused = network(|b, fork| b.add("fused", None, Op::Conv(Conv { epilogue: fused, ..CONV }), &[fork]).unwrap());
    for (graph, name) in [(spp, "pyramid"), (fused, "fused")] {
        let error = backward(&graph, &GradientRequest { trained: &|_| true, input: true }, 1).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
    let plain = network(|b, fork| b.add("middle", None, Op::AvgPool, &[fork]).unwrap());
    assert!(backward(&plain, &GradientRequest { trained: &|_| true, input: true }, 0).is_err());
}
