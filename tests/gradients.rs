//! The gradient of every op in f64, in the middle of a network with a fork, against what happens when a number is moved.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use yolov4::{
    Error, Shape, Tensor,
    low_level::{
        graph::{
            Activation, Builder, Conv, Epilogue, Graph, Head, LocalAvgPool, NodeId, NodeParams, Op, Params, Pool,
            Slice, Spp, Upsample,
            backward::{GradientRequest, TrainingGraph, backward},
        },
        oracle::{Values, play_batch},
    },
};

const PICTURES: usize = 2;
/// How far a number is moved, and how far the quotient may be off.
const STEP: f64 = 1e-5;
const APART: f64 = 1e-6;
/// Numbers of a list that are moved.
const MOVED: usize = 20;

/// -1 to 1, the same for the same seed.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    fn list(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }

    fn values(&mut self, shape: Shape) -> Values<f64> {
        (0..PICTURES).map(|_| Tensor::new(shape, self.list(shape.elements())).unwrap()).collect()
    }
}

const CONV: Conv = Conv {
    filters: 4,
    size: 3,
    stride_y: 1,
    stride_x: 1,
    pad: 1,
    dilation: 1,
    groups: 1,
    bias: true,
    epilogue: Epilogue::NONE,
};

fn head(b: &mut Builder, name: &str, of: NodeId) {
    let conv = Op::Conv(Conv { filters: 6, size: 1, pad: 0, ..CONV });
    let input = b.add(name, None, conv, &[of]).unwrap();
    let anchors = vec![(1.0, 1.0)];
    b.head(name, Head { input, layer: 0, anchors, classes: 1, scale_x_y: 1.0, new_coords: false }).unwrap();
}

/// A network with a fork: what `middle` makes of the value that it is given leads to one head, the value itself to the other.
fn network(middle: impl Fn(&mut Builder, NodeId) -> NodeId) -> Graph {
    let mut b = Builder::new(Shape::new(3, 7, 6)).unwrap();
    let fork = b.add("stem", None, Op::Conv(CONV), &[NodeId(0)]).unwrap();
    let end = middle(&mut b, fork);
    head(&mut b, "head 0", end);
    head(&mut b, "head 1", fork);
    b.finish()
}

fn random_params(graph: &Graph, noise: &mut Noise) -> Params<f64> {
    let numbers = graph.nodes.iter().map(|node| match &node.op {
        Op::Conv(conv) => {
            let weights = noise.list(conv.kernel_elements(graph.node(node.inputs[0]).shape.c));
            Some(NodeParams::Conv { weights, bias: conv.bias.then(|| noise.list(conv.filters)) })
        }
        Op::BatchNorm => {
            let c = node.shape.c;
            let (beta, gamma) = (noise.list(c), noise.list(c));
            Some(NodeParams::BatchNorm { beta, gamma, mean: vec![0.0; c], var: vec![1.0; c], eps: 1e-5 })
        }
        _ => None,
    });
    Params(numbers.collect())
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
        let mut given: BTreeMap<_, _> = [(NodeId(0), noise.values(graph.input_shape()))].into();
        for (head, upstream) in graph.heads.iter().zip(&training.upstream) {
            given.insert(*upstream, noise.values(graph.node(head.input).shape));
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

fn check(what: &str, middle: impl Fn(&mut Builder, NodeId) -> NodeId) {
    Case::new(&network(middle), 7).check(what);
}

/// One op that reads the fork alone.
fn check_one(op: Op) {
    check(&op.describe(), |b, fork| b.add("middle", None, op.clone(), &[fork]).unwrap());
}

#[test]
fn convolutions() {
    for (size, pad) in [(1, 0), (3, 1), (3, 0), (2, 0), (5, 2)] {
        for stride in [1, 2] {
            check_one(Op::Conv(Conv { size, pad, stride_y: stride, stride_x: stride, ..CONV }));
        }
    }
    check_one(Op::Conv(Conv { stride_y: 2, stride_x: 1, ..CONV }));
    check_one(Op::Conv(Conv { stride_y: 1, stride_x: 3, bias: false, ..CONV }));
    check_one(Op::Conv(Conv { groups: 2, filters: 6, ..CONV }));
    check_one(Op::Conv(Conv { groups: 4, stride_y: 2, stride_x: 2, ..CONV }));
    check_one(Op::Conv(Conv { dilation: 2, ..CONV }));
    check_one(Op::Conv(Conv { dilation: 2, groups: 2, stride_y: 2, stride_x: 2, ..CONV }));
}

#[test]
fn batch_norm_knows_that_its_statistics_are_of_what_it_reads() {
    check_one(Op::BatchNorm);
    check("convolution, batch-norm and mish, twice", |b, fork| {
        let mut last = fork;
        for _ in 0..2 {
            let conv = Op::Conv(Conv { bias: false, ..CONV });
            let conv = b.add("conv", None, conv, &[last]).unwrap();
            let norm = b.add("norm", None, Op::BatchNorm, &[conv]).unwrap();
            last = b.add("mish", None, Op::Activation(Activation::Mish), &[norm]).unwrap();
        }
        last
    });
}

#[test]
fn activations() {
    for kind in Activation::ALL {
        // Wide enough that all of their parts are seen.
        check(&format!("{kind:?}"), |b, fork| {
            let wide = b.add("wide", None, Op::Conv(Conv { size: 5, pad: 2, ..CONV }), &[fork]).unwrap();
            b.add("middle", None, Op::Activation(kind), &[wide]).unwrap()
        });
    }
}

#[test]
fn sums_products_and_factors() {
    let conv = |b: &mut Builder, filters, of| b.add("other", None, Op::Conv(Conv { filters, ..CONV }), &[of]).unwrap();
    check("a sum of three", |b, fork| {
        let (a, c) = (conv(b, 4, fork), conv(b, 4, fork));
        b.add("middle", None, Op::Add, &[a, fork, c]).unwrap()
    });
    check("a value added to itself", |b, fork| b.add("middle", None, Op::Add, &[fork, fork]).unwrap());
    for filters in [2, 6] {
        check("a sum of unequal channels", |b, fork| {
            let other = conv(b, filters, fork);
            b.add("middle", None, Op::Add, &[fork, other]).unwrap()
        });
    }
    check("a product", |b, fork| {
        let other = conv(b, 4, fork);
        b.add("middle", None, Op::Mul, &[fork, other]).unwrap()
    });
    check("a square", |b, fork| b.add("middle", None, Op::Mul, &[fork, fork]).unwrap());
    check("squeeze and excite", |b, fork| {
        let mean = b.add("mean", None, Op::AvgPool, &[fork]).unwrap();
        let factor = b.add("factor", None, Op::Activation(Activation::Logistic), &[mean]).unwrap();
        b.add("middle", None, Op::ScaleChannels, &[fork, factor]).unwrap()
    });
}

#[test]
fn channels_put_together_and_taken_apart() {
    check("a concat, with one value twice", |b, fork| {
        let other = b.add("other", None, Op::Conv(Conv { filters: 3, ..CONV }), &[fork]).unwrap();
        b.add("middle", None, Op::Concat, &[other, fork, other]).unwrap()
    });
    for start in [0, 1, 2] {
        check_one(Op::Slice(Slice { start, channels: 2 }));
    }
}

#[test]
fn pools_and_upsamples() {
    for (size, stride, padding) in [(2, 2, 1), (3, 1, 2), (5, 1, 4), (2, 1, 1), (3, 2, 0), (3, 2, 2)] {
        let pool = Pool { size, stride_y: stride, stride_x: stride, padding };
        check_one(Op::MaxPool(pool));
        check_one(Op::LocalAvgPool(LocalAvgPool(pool)));
    }
    check_one(Op::AvgPool);
    check_one(Op::Upsample(Upsample { stride: 2, scale: 1.0 }));
    check_one(Op::Upsample(Upsample { stride: 3, scale: 0.5 }));
    check("spatial pyramid pooling as it is loaded", |b, fork| {
        let pools = [5, 3, 1].map(|size| b.add("pool", None, Op::MaxPool(Pool::same(size)), &[fork]).unwrap());
        b.add("middle", None, Op::Concat, &[pools[0], pools[1], pools[2], fork]).unwrap()
    });
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
