//! The oracle's ops against numbers worked out by hand.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;
use yolov4::low_level::{
    graph::{
        Activation, Builder, Conv, Epilogue, Graph, LocalAvgPool, NodeId, NodeParams, Op, Params, Pool, Slice, Spp,
        Upsample,
    },
    oracle,
    tensor::{Shape, Tensor},
};

fn tensor(c: usize, h: usize, w: usize, data: &[f32]) -> Tensor {
    Tensor::new(Shape::new(c, h, w), data.to_vec()).unwrap()
}

/// 1, 2, 3, ...
fn counting(c: usize, h: usize, w: usize) -> Tensor {
    tensor(c, h, w, &(1..=c * h * w).map(|i| i as f32).collect::<Vec<_>>())
}

const CONV: Conv = Conv {
    filters: 1,
    size: 3,
    stride_y: 1,
    stride_x: 1,
    pad: 1,
    dilation: 1,
    groups: 1,
    bias: false,
    epilogue: Epilogue::NONE,
};

/// Plays one op on `inputs`, which come into being as slices of one input.
fn one(op: Op, inputs: &[&Tensor], params: Option<NodeParams>) -> Tensor {
    let Shape { h, w, .. } = inputs[0].shape;
    let c = inputs.iter().map(|t| t.shape.c).sum();
    let mut b = Builder::new(Shape::new(c, h, w)).unwrap();
    let mut data = vec![];
    let mut ids = vec![];
    let mut start = 0;
    for t in inputs {
        let n = t.shape.c;
        ids.push(match inputs.len() {
            1 => NodeId(0),
            _ => b.add("slice", None, Op::Slice(Slice { start, channels: n }), &[NodeId(0)]).unwrap(),
        });
        start += n;
        data.extend_from_slice(&t.data);
    }
    let id = b.add("op", None, op, &ids).unwrap();
    play(&b.finish(), id, params, &tensor(c, h, w, &data)).unwrap()
}

fn play(graph: &Graph, id: NodeId, params: Option<NodeParams>, input: &Tensor) -> yolov4::Result<Tensor> {
    let mut all = vec![None; graph.nodes.len()];
    all[id.0] = params;
    let mut values = oracle::play(graph, &Params(all), input, &[id])?;
    assert_eq!(values.len(), 1, "only what was asked for is left");
    Ok(values.remove(&id).unwrap())
}

fn conv(conv: Conv, input: &Tensor, weights: &[f32], bias: Option<&[f32]>) -> Tensor {
    let params = NodeParams::Conv { weights: weights.to_vec(), bias: bias.map(<[f32]>::to_vec) };
    one(Op::Conv(conv), &[input], Some(params))
}

#[test]
fn a_convolution_sums_its_neighbours_and_zeros_outside() {
    let got = conv(CONV, &counting(1, 3, 3), &[1.0; 9], None);
    // Corner 1 + 2 + 4 + 5, edge 1 + .. + 6, middle 45.
    assert_eq!(got, tensor(1, 3, 3, &[12.0, 21.0, 16.0, 27.0, 45.0, 33.0, 24.0, 39.0, 28.0]));
}

#[test]
fn the_kernel_is_not_turned_round() {
    let mut weights = [0.0; 9];
    weights[5] = 1.0; // the neighbour to the right
    let got = conv(CONV, &counting(1, 2, 3), &weights, None);
    assert_eq!(got, tensor(1, 2, 3, &[2.0, 3.0, 0.0, 5.0, 6.0, 0.0]));
}

#[test]
fn strides_may_differ() {
    let c = Conv { size: 1, pad: 0, stride_y: 2, stride_x: 3, ..CONV };
    assert_eq!(conv(c, &counting(1, 3, 4), &[2.0], None), tensor(1, 2, 2, &[2.0, 8.0, 18.0, 24.0]));
    let c = Conv { stride_y: 2, stride_x: 2, ..CONV };
    assert_eq!(conv(c, &counting(1, 4, 4), &[1.0; 9], None), tensor(1, 2, 2, &[14.0, 30.0, 57.0, 99.0]));
}

#[test]
fn dilation_spreads_taps_and_padding_but_not_the_output_size() {
    // 5x5 with pad 1: 5x5 out. Taps at -2, 0, 2: the middle sees the corners, edge middles and itself.
    let c = Conv { dilation: 2, ..CONV };
    let got = conv(c, &counting(1, 5, 5), &[1.0; 9], None);
    assert_eq!(got.shape, Shape::new(1, 5, 5));
    assert_eq!(got.at(0, 2, 2), (1 + 3 + 5 + 11 + 13 + 15 + 21 + 23 + 25) as f32);
    assert_eq!(got.at(0, 0, 0), (1 + 3 + 11 + 13) as f32);
    assert_eq!(got.at(0, 4, 1), (12 + 14 + 22 + 24) as f32);
}

#[test]
fn groups_see_only_their_own_channels() {
    // Four 1x1 channels in two groups, two filters each.
    let c = Conv { filters: 4, size: 1, pad: 0, groups: 2, bias: true, ..CONV };
    let weights = [1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0];
    let got = conv(c, &counting(4, 1, 1), &weights, Some(&[0.5, 0.0, 0.0, -0.5]));
    assert_eq!(got, tensor(4, 1, 1, &[21.5, 42.0, 129.0, 171.5]));
}

#[test]
fn depthwise_scales_each_channel_by_itself() {
    let c = Conv { filters: 3, size: 1, pad: 0, groups: 3, ..CONV };
    let got = conv(c, &counting(3, 1, 2), &[1.0, -1.0, 10.0], None);
    assert_eq!(got, tensor(3, 1, 2, &[1.0, 2.0, -3.0, -4.0, 50.0, 60.0]));
}

#[test]
fn channels_of_a_pixel_are_summed_in_f64() {
    // In f32 the ones would vanish beside 2^24.
    let c = Conv { size: 1, pad: 0, ..CONV };
    let got = conv(c, &tensor(4, 1, 1, &[16_777_216.0, 1.0, 1.0, -16_777_216.0]), &[1.0; 4], None);
    assert_eq!(got.data, [2.0]);
}

#[test]
fn large_pictures_are_cut_without_seams() {
    // 40 x 40 pixels and 11 filters: several runs of pixels and of channels.
    let c = Conv { filters: 11, size: 3, ..CONV };
    let weights: Vec<f32> = (0..11).flat_map(|f| [0.0, 0.0, 0.0, 0.0, f as f32, 0.0, 0.0, 0.0, 0.0]).collect();
    let input = counting(1, 40, 40);
    let got = conv(c, &input, &weights, None);
    for f in 0..11 {
        let want: Vec<f32> = input.data.iter().map(|v| v * f as f32).collect();
        assert_eq!(got.plane(f), want, "filter {f}");
    }
}

#[test]
fn an_epilogue_activates_adds_activates_and_upsamples() {
    let mut b = Builder::new(Shape::new(1, 1, 2)).unwrap();
    let epilogue = Epilogue { activation: Activation::Relu, residual: Some(Activation::Leaky(0.5)), upsample: 2 };
    let c = Conv { size: 1, pad: 0, bias: true, epilogue, ..CONV };
    let id = b.add("conv", None, Op::Conv(c), &[NodeId(0), NodeId(0)]).unwrap();
    let params = NodeParams::Conv { weights: vec![3.0], bias: Some(vec![1.0]) };
    let got = play(&b.finish(), id, Some(params), &tensor(1, 1, 2, &[2.0, -4.0])).unwrap();
    // relu(7) + 2 = 9; relu(-11) - 4 = -4, halved; each four times.
    assert_eq!(got.data, [9.0, 9.0, -2.0, -2.0, 9.0, 9.0, -2.0, -2.0]);
}

#[test]
fn batch_norm_has_eps_under_the_root() {
    let params = NodeParams::BatchNorm {
        beta: vec![1.0, 0.0],
        gamma: vec![2.0, 3.0],
        mean: vec![5.0, 0.0],
        var: vec![3.0, 0.0],
        eps: 1.0,
    };
    let got = one(Op::BatchNorm, &[&tensor(2, 1, 2, &[5.0, 9.0, 2.0, -1.0])], Some(params));
    assert_eq!(got.data, [1.0, 5.0, 6.0, -3.0]);
}

#[test]
fn activations_at_points_worked_out_by_hand() {
    let x = [-3.0, -1.0, 0.0, 0.5, 8.0];
    let run = |kind| one(Op::Activation(kind), &[&tensor(1, 1, 5, &x)], None).data;
    assert_eq!(run(Activation::Linear), x);
    assert_eq!(run(Activation::Leaky(0.1)), [-0.3, -0.1, 0.0, 0.5, 8.0]);
    assert_eq!(run(Activation::Relu), [0.0, 0.0, 0.0, 0.5, 8.0]);
    assert_eq!(run(Activation::Relu6), [0.0, 0.0, 0.0, 0.5, 6.0]);
    assert_eq!(run(Activation::HardMish), [0.0, -0.5, 0.0, 0.5, 8.0]);
    let near = |got: Vec<f32>, want: [f32; 5]| {
        for (g, w) in got.iter().zip(want) {
            assert!((g - w).abs() <= 1e-6, "{got:?}, expected {want:?}");
        }
    };
    near(run(Activation::Logistic), [0.047_425_873, 0.268_941_42, 0.5, 0.622_459_33, 0.999_664_65]);
    near(run(Activation::Swish), [-0.142_277_62, -0.268_941_42, 0.0, 0.311_229_66, 7.997_317_2]);
    near(run(Activation::Elu), [-0.950_212_93, -0.632_120_56, 0.0, 0.5, 8.0]);
    // x tanh(ln(1 + e^x)) = x n / (n + 2) with n = e^x (e^x + 2): at -1, n = 0.871094, so -0.303401.
    near(run(Activation::Mish), [-0.145_647_46, -0.303_401_46, 0.0, 0.375_245_2, 7.999_998]);
}

#[test]
fn huge_inputs_stay_finite() {
    let x = tensor(1, 1, 6, &[-1e4, -88.0, -20.0, 20.0, 88.0, 1e4]);
    for kind in [Activation::Mish, Activation::Swish] {
        let got = one(Op::Activation(kind), &[&x], None);
        assert_eq!(&got.data[3..], [20.0, 88.0, 1e4], "{kind:?}");
        assert!(got.data[..3].iter().all(|v| v.abs() < 1e-6), "{kind:?}: {:?}", got.data);
    }
}

#[test]
fn a_shortcut_adds_the_channels_in_common() {
    let a = tensor(2, 1, 1, &[1.0, 2.0]);
    let longer = tensor(3, 1, 1, &[10.0, 20.0, 30.0]);
    let shorter = tensor(1, 1, 1, &[100.0]);
    assert_eq!(one(Op::Add, &[&a, &longer, &shorter], None).data, [111.0, 22.0]);
    assert_eq!(one(Op::Add, &[&longer, &a], None).data, [11.0, 22.0, 30.0]);
}

#[test]
fn sam_and_scale_channels_multiply() {
    let a = counting(2, 1, 1);
    assert_eq!(one(Op::Mul, &[&a, &tensor(2, 1, 1, &[3.0, -1.0])], None).data, [3.0, -2.0]);
    let mut b = Builder::new(Shape::new(2, 1, 2)).unwrap();
    let mean = b.add("mean", None, Op::AvgPool, &[NodeId(0)]).unwrap();
    let id = b.add("scale", None, Op::ScaleChannels, &[NodeId(0), mean]).unwrap();
    let got = play(&b.finish(), id, None, &counting(2, 1, 2)).unwrap();
    assert_eq!(got.data, [1.5, 3.0, 10.5, 14.0]);
}

#[test]
fn concat_keeps_the_order_and_slice_cuts_it() {
    let (a, b) = (tensor(1, 1, 2, &[1.0, 2.0]), tensor(2, 1, 2, &[3.0, 4.0, 5.0, 6.0]));
    assert_eq!(one(Op::Concat, &[&b, &a], None), tensor(3, 1, 2, &[3.0, 4.0, 5.0, 6.0, 1.0, 2.0]));
    let got = one(Op::Slice(Slice { start: 1, channels: 2 }), &[&counting(4, 1, 2)], None);
    assert_eq!(got, tensor(2, 1, 2, &[3.0, 4.0, 5.0, 6.0]));
}

fn pool(size: usize, stride: usize, padding: usize, input: &Tensor) -> Tensor {
    one(Op::MaxPool(Pool { size, stride_y: stride, stride_x: stride, padding }), &[input], None)
}

#[test]
fn max_pools_look_right_and_down_and_never_see_the_border() {
    let negative = tensor(1, 3, 3, &[-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0]);
    // 2/2 with padding 1: the window starts at the pixel, the last one is cut by the edge.
    assert_eq!(pool(2, 2, 1, &negative), tensor(1, 2, 2, &[-1.0, -3.0, -7.0, -9.0]));
    // 2/1 (yolov3-tiny): same size.
    let want = [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0];
    assert_eq!(pool(2, 1, 1, &negative), tensor(1, 3, 3, &want));
    assert_eq!(pool(2, 1, 1, &counting(1, 3, 3)).data, [5.0, 6.0, 6.0, 8.0, 9.0, 9.0, 8.0, 9.0, 9.0]);
    // 3/1 with padding 2: centred.
    let want = [-1.0, -1.0, -2.0, -1.0, -1.0, -2.0, -4.0, -4.0, -5.0];
    assert_eq!(pool(3, 1, 2, &negative), tensor(1, 3, 3, &want));
    assert_eq!(pool(3, 2, 2, &counting(1, 3, 3)).data, [5.0, 6.0, 8.0, 9.0]);
}

#[test]
fn local_average_pools_divide_by_the_taps_that_there_are() {
    let average = |size: usize, stride: usize, padding: usize| {
        let pool = Pool { size, stride_y: stride, stride_x: stride, padding };
        one(Op::LocalAvgPool(LocalAvgPool(pool)), &[&counting(1, 3, 3)], None)
    };
    // 2/2 with padding 1: four taps, two at the edges, one in the corner.
    assert_eq!(average(2, 2, 1), tensor(1, 2, 2, &[3.0, 4.5, 7.5, 9.0]));
    // 3/1 with padding 2: four in the corners, six at the edges, nine in the middle.
    assert_eq!(average(3, 1, 2).data, [3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0]);
    // Without padding only whole windows.
    assert_eq!(average(2, 1, 0), tensor(1, 2, 2, &[3.0, 4.0, 6.0, 7.0]));
}

#[test]
fn spp_is_three_pools_and_their_input_in_order() {
    let input = tensor(2, 3, 4, &(0..24).map(|i| -((i * 7 % 24) as f32)).collect::<Vec<_>>());
    let got = one(Op::Spp(Spp { sizes: [13, 9, 5, 1] }), &[&input], None);
    let (p13, p9, p5) = (pool(13, 1, 12, &input), pool(9, 1, 8, &input), pool(5, 1, 4, &input));
    assert_eq!(got, one(Op::Concat, &[&p13, &p9, &p5, &input], None));
    let other = one(Op::Spp(Spp { sizes: [1, 5, 9, 13] }), &[&input], None);
    assert_eq!(other.data[..24], input.data);
    assert_ne!(got, other);
}

#[test]
fn upsample_repeats_and_scales() {
    let got = one(Op::Upsample(Upsample { stride: 2, scale: 0.5 }), &[&counting(1, 1, 2)], None);
    assert_eq!(got, tensor(1, 2, 4, &[0.5, 0.5, 1.0, 1.0, 0.5, 0.5, 1.0, 1.0]));
}

#[test]
fn what_does_not_fit_is_an_error_that_names_the_node() {
    let mut b = Builder::new(Shape::new(1, 2, 2)).unwrap();
    let id = b.add("layer 0 [convolutional]", Some(0), Op::Conv(CONV), &[NodeId(0)]).unwrap();
    let graph = b.finish();
    let input = counting(1, 2, 2);
    let short = NodeParams::Conv { weights: vec![0.0; 8], bias: None };
    let bias = NodeParams::Conv { weights: vec![0.0; 9], bias: Some(vec![0.0]) };
    for params in [None, Some(short), Some(bias)] {
        let error = play(&graph, id, params, &input).unwrap_err().to_string();
        assert!(error.starts_with("layer 0 [convolutional]: "), "{error}");
    }
    assert!(oracle::play(&graph, &Params::default(), &counting(1, 2, 3), &[id]).is_err());
    assert!(oracle::play(&graph, &Params::default(), &input, &[NodeId(9)]).is_err());
    // Nobody asks for the convolution, so it needs no weights.
    let values = oracle::play(&graph, &Params::default(), &input, &[NodeId(0)]).unwrap();
    assert_eq!(values[&NodeId(0)], input);
}

proptest! {
    #[test]
    fn mish_lies_between_its_least_value_and_x(x in -1e4_f32..1e4) {
        let y = one(Op::Activation(Activation::Mish), &[&tensor(1, 1, 1, &[x])], None).data[0];
        prop_assert!(y.is_finite());
        prop_assert!(y >= -0.308_85 && y <= x.max(0.0));
    }
}
