//! Networks that training is proved on: every op behind a fork, small and of odd shapes.
#![allow(dead_code, reason = "every suite compiles this file and uses a part of it")]

use yolov4::{
    Shape,
    low_level::graph::{
        Activation, Builder, Conv, Epilogue, Graph, Head, LocalAvgPool, NodeId, NodeParams, Op, Params, Pool, Slice,
        Upsample,
    },
};

/// -1 to 1, the same for the same seed.
pub struct Noise(pub u64);

impl Noise {
    fn next(&mut self) -> f64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    pub fn list(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }
}

pub const CONV: Conv = Conv {
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

/// A network with a fork of so many channels, for pictures of this size: what `middle` makes of the value that it is given leads to one head, the
/// value itself to the other.
pub fn forked(input: Shape, channels: usize, middle: impl Fn(&mut Builder, NodeId) -> NodeId) -> Graph {
    let mut b = Builder::new(input).unwrap();
    let fork = b.add("stem", None, Op::Conv(Conv { filters: channels, ..CONV }), &[NodeId(0)]).unwrap();
    let end = middle(&mut b, fork);
    head(&mut b, "head 0", end);
    head(&mut b, "head 1", fork);
    b.finish()
}

/// A small one.
pub fn network(middle: impl Fn(&mut Builder, NodeId) -> NodeId) -> Graph {
    forked(Shape::new(3, 7, 6), 4, middle)
}

pub fn random_params(graph: &Graph, noise: &mut Noise) -> Params<f64> {
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

/// What a network is called, and it.
pub type Case = (String, Graph);

fn case(what: &str, middle: impl Fn(&mut Builder, NodeId) -> NodeId) -> Case {
    (what.to_owned(), network(middle))
}

/// One op that reads the fork alone.
fn one(op: Op) -> Case {
    case(&op.describe(), |b, fork| b.add("middle", None, op.clone(), &[fork]).unwrap())
}

pub fn convolutions() -> Vec<Case> {
    let mut all = Vec::new();
    for (size, pad) in [(1, 0), (3, 1), (3, 0), (2, 0), (5, 2)] {
        for stride in [1, 2] {
            all.push(Conv { size, pad, stride_y: stride, stride_x: stride, ..CONV });
        }
    }
    all.extend([
        Conv { stride_y: 2, stride_x: 1, ..CONV },
        Conv { stride_y: 1, stride_x: 3, bias: false, ..CONV },
        Conv { groups: 2, filters: 6, ..CONV },
        Conv { groups: 4, stride_y: 2, stride_x: 2, ..CONV },
        Conv { dilation: 2, ..CONV },
        Conv { dilation: 2, groups: 2, stride_y: 2, stride_x: 2, ..CONV },
    ]);
    all.into_iter().map(|conv| one(Op::Conv(conv))).collect()
}

pub fn batch_norms() -> Vec<Case> {
    let twice = case("convolution, batch-norm and mish, twice", |b, fork| {
        let mut last = fork;
        for _ in 0..2 {
            let conv = Op::Conv(Conv { bias: false, ..CONV });
            let conv = b.add("conv", None, conv, &[last]).unwrap();
            let norm = b.add("norm", None, Op::BatchNorm, &[conv]).unwrap();
            last = b.add("mish", None, Op::Activation(Activation::Mish), &[norm]).unwrap();
        }
        last
    });
    vec![one(Op::BatchNorm), twice]
}

pub fn activations() -> Vec<Case> {
    let all = Activation::ALL.into_iter().map(|kind| {
        // Wide enough that all of their parts are seen.
        case(&format!("{kind:?}"), |b, fork| {
            let wide = b.add("wide", None, Op::Conv(Conv { size: 5, pad: 2, ..CONV }), &[fork]).unwrap();
            b.add("middle", None, Op::Activation(kind), &[wide]).unwrap()
        })
    });
    all.collect()
}

pub fn sums_products_and_factors() -> Vec<Case> {
    let conv = |b: &mut Builder, filters, of| b.add("other", None, Op::Conv(Conv { filters, ..CONV }), &[of]).unwrap();
    let mut all = vec![
        case("a sum of three", |b, fork| {
            let (a, c) = (conv(b, 4, fork), conv(b, 4, fork));
            b.add("middle", None, Op::Add, &[a, fork, c]).unwrap()
        }),
        case("a value added to itself", |b, fork| b.add("middle", None, Op::Add, &[fork, fork]).unwrap()),
        case("a product", |b, fork| {
            let other = conv(b, 4, fork);
            b.add("middle", None, Op::Mul, &[fork, other]).unwrap()
        }),
        case("a square", |b, fork| b.add("middle", None, Op::Mul, &[fork, fork]).unwrap()),
        case("squeeze and excite", |b, fork| {
            let mean = b.add("mean", None, Op::AvgPool, &[fork]).unwrap();
            let factor = b.add("factor", None, Op::Activation(Activation::Logistic), &[mean]).unwrap();
            b.add("middle", None, Op::ScaleChannels, &[fork, factor]).unwrap()
        }),
    ];
    for filters in [2, 6] {
        all.push(case("a sum of unequal channels", |b, fork| {
            let other = conv(b, filters, fork);
            b.add("middle", None, Op::Add, &[fork, other]).unwrap()
        }));
    }
    all
}

pub fn channels_put_together_and_taken_apart() -> Vec<Case> {
    let mut all = vec![case("a concat, with one value twice", |b, fork| {
        let other = b.add("other", None, Op::Conv(Conv { filters: 3, ..CONV }), &[fork]).unwrap();
        b.add("middle", None, Op::Concat, &[other, fork, other]).unwrap()
    })];
    all.extend([0, 1, 2].map(|start| one(Op::Slice(Slice { start, channels: 2 }))));
    all
}

pub fn pools_and_upsamples() -> Vec<Case> {
    let mut all = Vec::new();
    for (size, stride, padding) in [(2, 2, 1), (3, 1, 2), (5, 1, 4), (2, 1, 1), (3, 2, 0), (3, 2, 2)] {
        let pool = Pool { size, stride_y: stride, stride_x: stride, padding };
        all.extend([one(Op::MaxPool(pool)), one(Op::LocalAvgPool(LocalAvgPool(pool)))]);
    }
    all.push(one(Op::AvgPool));
    all.push(one(Op::Upsample(Upsample { stride: 2, scale: 1.0 })));
    all.push(one(Op::Upsample(Upsample { stride: 3, scale: 0.5 })));
    all.push(case("spatial pyramid pooling as it is loaded", |b, fork| {
        let pools = [5, 3, 1].map(|size| b.add("pool", None, Op::MaxPool(Pool::same(size)), &[fork]).unwrap());
        b.add("middle", None, Op::Concat, &[pools[0], pools[1], pools[2], fork]).unwrap()
    }));
    all
}

/// All of them.
pub fn all() -> Vec<Case> {
    [
        convolutions(),
        batch_norms(),
        activations(),
        sums_products_and_factors(),
        channels_put_together_and_taken_apart(),
        pools_and_upsamples(),
    ]
    .concat()
}
