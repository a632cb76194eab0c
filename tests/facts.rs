//! Facts of the family, worked out by hand: what both players could get wrong together. No GPU, no test data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use yolov4::{
    Picture, ResizeMode,
    low_level::{
        detect::CanvasToImage,
        graph::{
            Activation, Builder, Conv, Epilogue, Graph, Head, NodeId, NodeParams, Op, Params, Pool, Slice, Spp,
            Upsample, fold, fuse,
        },
        host::{Candidate, NmsKind, Placement, Thresholds},
        kernels::conv::{Caps, Cost, Problem, Variant},
        model::{CfgOptions, Model, WeightsOptions},
        ops::{Definition, activation},
        oracle,
        tensor::{Shape, Tensor},
    },
};

const TINY: &str = "[net]\nwidth=64\nheight=32\nchannels=3\n\
    [convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\nstride=2\npad=1\nactivation=leaky\n\
    [convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\nstride=1\npad=1\nactivation=swish\n\
    [route]\nlayers=-1\ngroups=2\ngroup_id=1\n\
    [convolutional]\nfilters=4\nsize=1\nstride=1\npad=1\nactivation=mish\n\
    [route]\nlayers=-1,-4\n\
    [convolutional]\nfilters=18\nsize=1\nstride=1\npad=1\nactivation=linear\n\
    [yolo]\nmask=1,2,3\nanchors=10,14, 23,27, 37,58, 81,82\nclasses=1\nnum=4\nscale_x_y=1.05\nnms_kind=greedynms\n";

fn network(text: &str) -> Model {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.cfg");
    std::fs::write(&path, text).unwrap();
    Model::from_cfg(&path, &CfgOptions::default()).unwrap()
}

fn tensor(c: usize, h: usize, w: usize, data: &[f32]) -> Tensor {
    Tensor::new(Shape::new(c, h, w), data.to_vec()).unwrap()
}

fn near(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-6 * want.abs().max(1.0), "expected {want}, found {got}");
}

#[test]
fn a_cfg_is_read_as_darknet_reads_it() {
    let net = network(TINY);
    let head = &net.graph.heads[0];
    assert_eq!(head.anchors, [(23.0, 27.0), (37.0, 58.0), (81.0, 82.0)], "mask 1,2,3");
    assert_eq!((head.scale_x_y, head.new_coords), (1.05, false));
    assert_eq!(net.defaults.nms_kind, NmsKind::Diou { beta: 0.6 }, "greedynms has a distance term");
    assert!(!net.preprocess.letterbox);
    let of_layer = |layer| net.graph.iter().filter(|(_, n)| n.layer == Some(layer)).last().unwrap().1;
    assert_eq!(of_layer(0).op, Op::Activation(Activation::Leaky(0.1)));
    assert_eq!(of_layer(0).shape, Shape::new(8, 16, 32), "size 3, stride 2, pad 1");
    assert_eq!(of_layer(1).op, Op::Activation(Activation::Swish));
    assert_eq!(of_layer(1).shape, Shape::new(8, 16, 32), "size 3, stride 1, pad 1 keeps the size");
    assert_eq!(of_layer(2).op, Op::Slice(Slice { start: 4, channels: 4 }), "group 1 of 2");
    assert_eq!(of_layer(3).op, Op::Activation(Activation::Mish));
    let inputs: Vec<_> = of_layer(4).inputs.iter().map(|i| net.graph.node(*i).layer).collect();
    assert_eq!(inputs, [Some(3), Some(0)], "a route joins in the order it is written in");
    let diounms = network(&TINY.replace("greedynms", "diounms\nbeta_nms=0.7"));
    assert_eq!(diounms.defaults.nms_kind, NmsKind::Diou { beta: 0.7 });
    assert_eq!(network(&TINY.replace("nms_kind=greedynms\n", "")).defaults.nms_kind, NmsKind::Iou);
    assert!(network(&TINY.replace("channels=3", "channels=3\nletter_box=1")).preprocess.letterbox);
}

#[test]
fn batch_norm_has_darknets_epsilon() {
    let net = network(TINY);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.weights");
    net.save_weights(&net.random_params(1), &path).unwrap();
    let params = net.load_weights(&path, &WeightsOptions::default(), &mut vec![]).unwrap();
    let eps: Vec<f32> = params
        .0
        .iter()
        .flatten()
        .filter_map(|p| if let NodeParams::BatchNorm { eps, .. } = p { Some(*eps) } else { None })
        .collect();
    assert_eq!(eps, [1e-5, 1e-5]);
}

#[test]
fn batch_norm_folds_into_weights_and_bias() {
    let mut builder = Builder::new(Shape::new(1, 1, 1)).unwrap();
    let conv = Conv {
        filters: 1,
        size: 1,
        stride_y: 1,
        stride_x: 1,
        pad: 0,
        dilation: 1,
        groups: 1,
        bias: false,
        epilogue: Epilogue::NONE,
    };
    let c = builder.add("conv", None, Op::Conv(conv), &[NodeId(0)]).unwrap();
    builder.add("bn", None, Op::BatchNorm, &[c]).unwrap();
    let norm = NodeParams::BatchNorm { beta: vec![5.0], gamma: vec![3.0], mean: vec![2.0], var: vec![4.0], eps: 0.0 };
    let params = Params(vec![None, Some(NodeParams::Conv { weights: vec![7.0], bias: None }), Some(norm)]);
    let (_, params) = fold::fold(builder.finish(), params).unwrap();
    // 3 / sqrt(4) = 1.5; 7 * 1.5; 5 - 2 * 1.5
    let folded = NodeParams::Conv { weights: vec![10.5], bias: Some(vec![2.0]) };
    assert!(params.0.iter().flatten().any(|p| *p == folded), "{params:?}");
}

#[test]
fn activations_have_their_textbook_values() {
    let at = activation::activate;
    near(at(Activation::Mish, 1.0), 0.865_098_388_267_310_3);
    near(at(Activation::Mish, -1.0), -0.303_401_460_874_193_9);
    near(at(Activation::Mish, 1e4), 1e4);
    near(at(Activation::Swish, 1.0), 0.731_058_578_630_004_9);
    near(at(Activation::Leaky(0.1), -2.0), -0.2);
    near(at(Activation::Relu6, 7.0), 6.0);
    near(at(Activation::HardMish, -1.0), -0.5);
    near(at(Activation::Logistic, 0.0), 0.5);
}

#[test]
fn borders_never_win_a_max_pool() {
    let x = tensor(1, 1, 3, &[-5.0, -2.0, -7.0]);
    let pool = Pool { size: 3, stride_y: 1, stride_x: 1, padding: 2 };
    let play = |pool: Pool, shape| pool.play(&[&x], None, shape).unwrap().data;
    assert_eq!(play(pool, x.shape), [-2.0, -2.0, -2.0]);
    // Size 2, stride 2: the window starts at the pixel, the border is right and below.
    let pool = Pool { size: 2, stride_y: 2, stride_x: 2, padding: 1 };
    assert_eq!(play(pool, Shape::new(1, 1, 2)), [-2.0, -7.0]);
}

#[test]
fn spp_is_13_9_5_input() {
    let mut builder = Builder::new(Shape::new(4, 1, 15)).unwrap();
    let mut members = vec![];
    for size in [13, 9, 5] {
        let pool = Pool { size, stride_y: 1, stride_x: 1, padding: size - 1 };
        members.push(builder.add("pool", None, Op::MaxPool(pool), &[NodeId(0)]).unwrap());
    }
    members.push(NodeId(0));
    builder.add("spp", None, Op::Concat, &members).unwrap();
    let (graph, _) = fuse::fuse(builder.finish(), Params::default(), |_| false);
    let spp = graph.nodes.last().unwrap();
    assert_eq!(spp.op, Op::Spp(Spp { sizes: [13, 9, 5, 1] }));
    let mut x = tensor(4, 1, 15, &[0.0; 60]);
    x.data[0] = 1.0;
    let out = spp.op.play(&[&x], None, spp.shape).unwrap();
    let reach = |c| (0..15).filter(|i| out.at(c, 0, *i) == 1.0).count();
    assert_eq!([reach(0), reach(4), reach(8), reach(12)], [7, 5, 3, 1], "half a window, from large to small");
}

#[test]
fn an_upsample_goes_into_the_convolution_that_only_it_reads() {
    // Whether another node reads the convolution too, and the factor.
    let fused = |shared: bool, scale: f32| {
        let mut builder = Builder::new(Shape::new(4, 3, 5)).unwrap();
        let conv = Conv { filters: 8, stride_y: 1, stride_x: 1, ..PLAIN };
        let conv = builder.add("conv", None, Op::Conv(conv), &[NodeId(0)]).unwrap();
        let up = builder.add("up", None, Op::Upsample(Upsample { stride: 2, scale }), &[conv]).unwrap();
        if shared {
            builder.add("mean", None, Op::AvgPool, &[conv]).unwrap();
        }
        let (graph, _) = fuse::fuse(builder.finish(), Params::default(), |_| false);
        let node = graph.nodes.iter().find(|node| node.origin == up).unwrap();
        assert_eq!(node.shape, Shape::new(8, 6, 10));
        match node.op {
            Op::Conv(conv) => {
                let problem = graph.problem(NodeId(1), 1).unwrap();
                assert_eq!((problem.output, problem.stored()), (Shape::new(8, 3, 5), node.shape));
                assert_eq!(graph.macs(NodeId(1)), 8 * 3 * 5 * 4, "each sum once");
                conv.epilogue.upsample
            }
            _ => 0,
        }
    };
    assert_eq!([fused(false, 1.0), fused(true, 1.0), fused(false, 0.5)], [2, 0, 0]);
}

/// 1x1 to seven channels, in steps of 32.
const PLAIN: Conv = Conv {
    filters: 7,
    size: 1,
    stride_y: 32,
    stride_x: 32,
    pad: 0,
    dilation: 1,
    groups: 1,
    bias: true,
    epilogue: Epilogue::NONE,
};

fn boxes(new_coords: bool, values: &[f32], conf: f32) -> Vec<Candidate> {
    let mut builder = Builder::new(Shape::new(3, 64, 64)).unwrap();
    let input = builder.add("conv", None, Op::Conv(PLAIN), &[NodeId(0)]).unwrap();
    let head = Head { input, layer: 1, anchors: vec![(16.0, 32.0)], classes: 2, scale_x_y: 1.2, new_coords };
    builder.head("head", head).unwrap();
    let graph: Graph = builder.finish();
    let mut t = Tensor::zeros(Shape::new(7, 2, 2));
    t.data.iter_mut().for_each(|v| *v = if new_coords { 0.0 } else { -50.0 });
    for (k, v) in values.iter().enumerate() {
        t.data[k * 4 + 1] = *v;
    }
    oracle::decode(&graph, &[t], conf, &[])
}

#[test]
fn both_codings_of_boxes() {
    // Old: logistic(2.1972246) = 0.9; cell (1, 0) of 2 x 2; (1 + 1.2 * 0.9 - 0.1) / 2; e^0 * 16 / 64.
    let p = 2.197_224_6;
    let found = boxes(false, &[p, p, 0.0, 0.5f32.ln(), p, p, p], 0.25);
    assert_eq!(found.len(), 2, "a box for every class above the threshold");
    near(f64::from(found[0].x), 0.99);
    near(f64::from(found[0].y), 0.49);
    near(f64::from(found[0].w), 0.25);
    near(f64::from(found[0].h), 0.25);
    near(f64::from(found[0].score), 0.81);
    assert_eq!((found[0].index, found[0].class, found[1].class), (1, 0, 1));
    // New: the values are probabilities already, sides are 4 v^2 * anchor.
    let found = boxes(true, &[0.9, 0.5, 0.5, 0.25, 0.9, 0.2, 0.8], 0.25);
    assert_eq!(found.len(), 1);
    near(f64::from(found[0].x), 0.99);
    near(f64::from(found[0].y), 0.25);
    near(f64::from(found[0].w), 0.25);
    near(f64::from(found[0].h), 0.125);
    near(f64::from(found[0].score), 0.72);
    assert!(boxes(true, &[0.5, 0.5, 0.5, 0.5, 0.2, 1.0, 1.0], 0.25).is_empty(), "objectness first");
}

fn candidate(x: f32, w: f32, score: f32, class: u32, index: u32) -> Candidate {
    Candidate { x, y: 0.5, w, h: 0.2, score, class, index, ..Candidate::default() }
}

fn thresholds(kind: NmsKind, iou_threshold: f32, agnostic: bool) -> Thresholds {
    Thresholds { score_threshold: 0.25, iou_threshold, kind, agnostic, extent: (1.0, 1.0) }
}

#[test]
fn overlap_is_over_the_union() {
    // Two boxes of 0.4 x 0.2 whose centres are 0.2 apart: 0.04 / 0.12, hull 0.6 x 0.2.
    let (a, b) = (candidate(0.3, 0.4, 0.9, 0, 0), candidate(0.5, 0.4, 0.8, 0, 1));
    near(f64::from(oracle::nms::iou(&a, &b)), 1.0 / 3.0);
    near(f64::from(oracle::nms::diou(&a, &b, 1.0, (1.0, 1.0))), 1.0 / 3.0 - 0.1);
    assert_eq!(oracle::nms::iou(&candidate(0.1, 0.1, 0.9, 0, 0), &candidate(0.9, 0.1, 0.9, 0, 0)), 0.0);
    let tall = Candidate { w: 0.2, h: 0.4, ..candidate(0.3, 0.0, 0.9, 0, 0) };
    // The picture covers the middle half of the canvas: there the hull is 0.6 x 0.4.
    near(f64::from(oracle::nms::diou(&a, &b, 1.0, (1.0, 0.5))), 1.0 / 3.0 - 0.04 / 0.52);
    // A cross of 0.4 x 0.2 and 0.2 x 0.4: 0.04 / 0.12, though the hull is 0.16.
    near(f64::from(oracle::nms::iou(&a, &tall)), 1.0 / 3.0);
}

#[test]
fn suppression_is_greedy_and_per_class() {
    let list = vec![
        candidate(0.5, 0.4, 0.7, 0, 2),
        candidate(0.5, 0.4, 0.9, 0, 1),
        candidate(0.5, 0.4, 0.8, 1, 1),
        candidate(0.9, 0.1, 0.9, 0, 0),
    ];
    let keys = |agnostic| {
        let kept = oracle::nms(list.clone(), &thresholds(NmsKind::Iou, 0.45, agnostic));
        kept.iter().map(|c| (c.index, c.class)).collect::<Vec<_>>()
    };
    assert_eq!(keys(false), [(0, 0), (1, 0), (1, 1)], "ties by number; each class on its own");
    assert_eq!(keys(true), [(0, 0), (1, 0)]);
    // IoU 0.6; d^2 / c^2 = 0.01 / 0.29, and that to the power 0.6 is 0.13: 0.47.
    let near_by = vec![candidate(0.4, 0.4, 0.9, 0, 0), candidate(0.5, 0.4, 0.8, 0, 1)];
    assert_eq!(oracle::nms(near_by.clone(), &thresholds(NmsKind::Iou, 0.5, false)).len(), 1);
    assert_eq!(oracle::nms(near_by, &thresholds(NmsKind::Diou { beta: 0.6 }, 0.5, false)).len(), 2);
}

#[test]
fn pictures_are_resampled_as_the_modes_say() {
    let picture = Picture { width: 2, height: 1, rgba: vec![0, 0, 0, 255, 255, 255, 255, 255] };
    let row = |mode, letterbox, h| {
        let placement = Placement::new(mode, letterbox, 2, 1, Shape::new(3, h, 4));
        let canvas = oracle::letterbox(&picture, &placement);
        canvas.data[..4 * h].chunks(4).map(<[f32]>::to_vec).collect::<Vec<_>>()
    };
    let close = |got: &[f32], want: [f32; 4]| {
        assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-6), "expected {want:?}, found {got:?}");
    };
    close(&row(ResizeMode::DarknetFile, false, 1)[0], [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    close(&row(ResizeMode::DarknetVideo, false, 1)[0], [0.0, 0.25, 0.75, 1.0]);
    let fitted = row(ResizeMode::DarknetFile, true, 4);
    close(&fitted[0], [0.5; 4]);
    close(&fitted[1], [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    let pytorch = row(ResizeMode::Pytorch, false, 4);
    close(&pytorch[0], [114.0 / 255.0; 4]);
    close(&pytorch[2], [0.0, 0.25, 0.75, 1.0]);
}

#[test]
fn boxes_go_back_to_the_picture() {
    let placement = Placement::new(ResizeMode::DarknetFile, true, 200, 100, Shape::new(3, 40, 40));
    let undo = CanvasToImage::new(ResizeMode::DarknetFile, &placement);
    let b = undo.apply(&Candidate { x: 0.5, y: 0.5, w: 0.5, h: 0.25, ..Candidate::default() });
    assert_eq!((b.x, b.y, b.w, b.h), (50.0, 25.0, 100.0, 50.0));
    let b = undo.apply(&Candidate { x: 0.0, y: 0.5, w: 0.5, h: 2.0, ..Candidate::default() });
    assert_eq!((b.x, b.y, b.w, b.h), (0.0, 0.0, 50.0, 100.0), "clipped");
}

#[test]
fn a_rung_does_whole_tiles_and_moves_what_lies_between_its_dispatches() {
    let problem = Problem {
        input: Shape::new(6, 5, 7),
        output: Shape::new(10, 5, 7),
        size: 3,
        stride: (1, 1),
        pad: 1,
        dilation: 1,
        groups: 1,
        activation: Activation::Mish,
        residual: None,
        upsample: 1,
        pictures: 1,
        parts: 1,
    };
    let caps = Caps { software: true, subgroup: true, half: false, binding: 1 << 27, ..Caps::default() };
    let cost = |variant: Variant, problem: &Problem| variant.cost(problem, &caps);
    assert_eq!(problem.flop(), 2.0 * 10.0 * 35.0 * 54.0);
    // 35 pixels are one tile of 64, 10 channels one of 32, 6 inputs are 8. Read: 2 blocks of 35 vectors, 32x72 weights, 10
    // biases; written: 3 blocks.
    let subgroup = Cost { flop: 2.0 * 64.0 * 32.0 * 72.0, bytes: 1120.0 + 9216.0 + 40.0 + 1680.0, dispatches: 1 };
    assert_eq!(cost(Variant::Subgroup, &problem), subgroup);
    let shortcut = Problem { residual: Some(Activation::Linear), ..problem };
    assert_eq!(cost(Variant::Subgroup, &shortcut).bytes, subgroup.bytes + 1680.0);
    assert_eq!(shortcut.bare(), problem.bare());
    // 2x2 tiles of 4x4: at each of 36 points a product of 16 pixels (subgroup-few), 64 channels and 8 inputs, and 5 blocks of
    // 4 vectors that are written and read again. Transforms: 12 times 24 operations on the way in, 10 times 13 on the way out.
    let flop = 36.0 * 2.0 * 16.0 * 64.0 * 8.0 + 4.0 * 4.0 * (2.0 * 288.0 + 3.0 * 130.0);
    let bytes = 1120.0 + 40.0 + 1680.0 + 2.0 * 36.0 * 20.0 * 16.0 + 36.0 * 64.0 * 8.0 * 4.0;
    assert_eq!(cost(Variant::Winograd4, &problem), Cost { flop, bytes, dispatches: 3 });
    // 3x4 tiles of 2x2: 16 points, 12 tiles, still one of 16 pixels.
    let flop = 16.0 * 2.0 * 16.0 * 64.0 * 8.0 + 12.0 * 4.0 * (2.0 * 32.0 + 3.0 * 24.0);
    let bytes = 1120.0 + 40.0 + 1680.0 + 2.0 * 16.0 * 60.0 * 16.0 + 16.0 * 64.0 * 8.0 * 4.0;
    assert_eq!(cost(Variant::Winograd2, &problem), Cost { flop, bytes, dispatches: 3 });
    // Rungs are kept by name, as they are called.
    for &variant in Variant::ALL {
        assert_eq!(serde_json::to_value(variant).unwrap(), variant.name());
    }
}
