//! Training by definition: rates, the order of a step, and that a small network learns two pictures by heart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use yolov4::{
    Error, Result, Shape, Tensor,
    low_level::{
        graph::{
            Activation, Builder, Conv, Epilogue, Graph, Head, NodeId, NodeParams, Op, Params,
            backward::{GradientRequest, backward},
        },
        oracle::{Values, play, play_batch},
        train::{
            darknet_loss::{BoxGradient, BoxLoss, HeadValues, IouKind, Tally, Truth, YoloSection, batch},
            schedule::{Policy, Schedule},
            sgd::Sgd,
            twin::{Statistics, Twin},
        },
    },
};

fn schedule(policy: Policy) -> Schedule {
    Schedule { learning_rate: 0.01, burn_in: 0, power: 4.0, max_batches: 1000, policy }
}

fn assert_rates(schedule: &Schedule, rates: &[(u64, f64)]) {
    for (n, rate) in rates {
        let found = schedule.rate(*n);
        assert!((found - rate).abs() < 1e-12 * rate.abs().max(1e-3), "{schedule:?} at {n}: {found}, expected {rate}");
    }
}

#[test]
fn rates_by_hand() {
    assert_rates(&schedule(Policy::Constant), &[(1, 0.01), (999, 0.01)]);
    // The burn-in ends before its last step: step 10 of 10 has the whole rate.
    let burnt = Schedule { burn_in: 10, ..schedule(Policy::Constant) };
    assert_rates(&burnt, &[(1, 1e-6), (5, 0.01 / 16.0), (9, 0.006561), (10, 0.01)]);
    assert_rates(&schedule(Policy::Step { step: 100, scale: 0.5 }), &[(99, 0.01), (100, 0.005), (250, 0.0025)]);
    let steps = Policy::Steps(vec![(800, 0.1), (900, 0.1)]);
    assert_rates(&schedule(steps), &[(799, 0.01), (800, 0.001), (899, 0.001), (900, 0.0001)]);
    assert_rates(&schedule(Policy::Exp { gamma: 0.5 }), &[(1, 0.005), (3, 0.00125)]);
    assert_rates(&schedule(Policy::Poly), &[(500, 0.01 / 16.0), (1000, 0.0), (2000, 0.0)]);
    assert_rates(&schedule(Policy::Sigmoid { gamma: 0.1, step: 500 }), &[(500, 0.005)]);
    let sgdr = schedule(Policy::Sgdr { least: 1e-5, cycle: 100, times: 2 });
    // Half-way down the first cycle, its end, and half-way down the second, which is twice as long.
    assert_rates(&sgdr, &[(50, 0.005005), (100, 1e-5), (200, 0.005005), (300, 1e-5)]);
}

#[test]
fn a_step_in_darknets_order() {
    let sgd = Sgd { momentum: 0.9, decay: 0.1, batch: 2, ahead: 0.0 };
    let (mut weight, mut velocity) = ([1.0], [0.0]);
    sgd.step(&mut weight, &mut velocity, &[3.0], 0.5, true);
    // -3 - 0.1 * 2 * 1 = -3.2; 1 + 0.5 / 2 * -3.2 = 0.2; 0.9 * -3.2 = -2.88.
    assert!((weight[0] - 0.2_f64).abs() < 1e-15 && (velocity[0] - -2.88_f64).abs() < 1e-15, "{weight:?} {velocity:?}");
    sgd.step(&mut weight, &mut velocity, &[-1.0], 0.5, true);
    // -2.88 + 1 - 0.1 * 2 * 0.2 = -1.92; 0.2 - 0.48 = -0.28; -1.728.
    assert!(
        (weight[0] - -0.28_f64).abs() < 1e-15 && (velocity[0] - -1.728_f64).abs() < 1e-15,
        "{weight:?} {velocity:?}"
    );
    // What does not decay.
    let (mut bias, mut velocity) = ([1.0_f64], [0.0]);
    sgd.step(&mut bias, &mut velocity, &[3.0], 0.5, false);
    assert!((bias[0] - 0.25).abs() < 1e-15);
}

const CONV: Conv = Conv {
    filters: 8,
    size: 3,
    stride_y: 2,
    stride_x: 2,
    pad: 1,
    dilation: 1,
    groups: 1,
    bias: false,
    epilogue: Epilogue::NONE,
};
const SIDE: usize = 32;
const CLASSES: usize = 2;

/// Three convolutions with batch-norm, and a head of two anchors.
fn network() -> Graph {
    let mut b = Builder::new(Shape::new(3, SIDE, SIDE)).unwrap();
    let mut last = NodeId(0);
    for filters in [8, 16, 16] {
        let conv = b.add("conv", None, Op::Conv(Conv { filters, ..CONV }), &[last]).unwrap();
        let norm = b.add("norm", None, Op::BatchNorm, &[conv]).unwrap();
        last = b.add("leaky", None, Op::Activation(Activation::Leaky(0.1)), &[norm]).unwrap();
    }
    let head = Conv { filters: 2 * (5 + CLASSES), size: 1, stride_y: 1, stride_x: 1, pad: 0, bias: true, ..CONV };
    let input = b.add("head", None, Op::Conv(head), &[last]).unwrap();
    let anchors = vec![(8.0, 8.0), (16.0, 12.0)];
    b.head("yolo", Head { input, layer: 0, anchors, classes: CLASSES, scale_x_y: 1.0, new_coords: false }).unwrap();
    b.finish()
}

/// As Darknet begins: uniform weights, scales of 1, running statistics of nothing.
fn scratch(graph: &Graph) -> Params<f64> {
    let mut seed = 1_u64;
    let mut noise = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    let numbers = graph.nodes.iter().map(|node| match &node.op {
        Op::Conv(conv) => {
            let n = conv.kernel_elements(graph.node(node.inputs[0]).shape.c);
            let scale = (2.0 / (n / conv.filters) as f64).sqrt();
            let weights = (0..n).map(|_| scale * noise()).collect();
            Some(NodeParams::Conv { weights, bias: conv.bias.then(|| vec![0.0; conv.filters]) })
        }
        Op::BatchNorm => {
            let list = |value: f64| vec![value; node.shape.c];
            Some(NodeParams::BatchNorm {
                beta: list(0.0),
                gamma: list(1.0),
                mean: list(0.0),
                var: list(0.0),
                eps: 1e-5,
            })
        }
        _ => None,
    });
    Params(numbers.collect())
}

/// Two pictures of rectangles, and where those are: class, centre, sides in pixels.
fn pictures() -> (Vec<Tensor<f64>>, Vec<Vec<Truth>>) {
    let truths: [&[[usize; 5]]; 2] = [&[[0, 9, 11, 8, 8], [1, 22, 20, 16, 12]], &[[1, 12, 20, 14, 12]]];
    let picture = |boxes: &[[usize; 5]]| {
        let shape = Shape::new(3, SIDE, SIDE);
        let mut picture = Tensor { shape, data: vec![0.2; shape.elements()] };
        for [class, x, y, w, h] in boxes {
            for row in y - h / 2..y + h / 2 {
                for column in x - w / 2..x + w / 2 {
                    picture.data[(class * SIDE + row) * SIDE + column] = 0.9;
                }
            }
        }
        picture
    };
    let side = |n: usize| n as f64 / SIDE as f64;
    let truth = |[class, x, y, w, h]: &[usize; 5]| Truth {
        class: *class,
        cx: side(*x),
        cy: side(*y),
        w: side(*w),
        h: side(*h),
    };
    (
        truths.iter().map(|boxes| picture(boxes)).collect(),
        truths.iter().map(|boxes| boxes.iter().map(truth).collect()).collect(),
    )
}

/// What the loss asks of a head, and what it counts.
fn loss(
    section: &YoloSection,
    gradient: BoxGradient,
    heads: &[&Values<f64>],
    truths: &[Vec<Truth>],
) -> Result<(Vec<Values<f64>>, Tally)> {
    let [values] = heads else { panic!("one head") };
    let shape = values[0].shape;
    let raw: Vec<f64> = values.iter().flat_map(|value| value.data.iter().copied()).collect();
    let head = HeadValues { raw: &raw[..], grid: (shape.w, shape.h), canvas: (SIDE, SIDE) };
    let loss = batch(section, gradient, head, truths).map_err(|misfit| Error::Usage(misfit.to_string()))?;
    // Darknet's deltas are the way down, a gradient is the way up.
    let each = loss.deltas.chunks(shape.elements()).map(|d| Tensor { shape, data: d.iter().map(|d| -d).collect() });
    Ok((vec![each.collect()], loss.tally))
}

#[test]
fn a_small_network_learns_two_pictures_by_heart_with_either_gradient() {
    let (graph, (pictures, truths)) = (network(), pictures());
    let section = YoloSection {
        anchors: vec![[8.0, 8.0], [16.0, 12.0]],
        mask: vec![0, 1],
        classes: CLASSES,
        box_loss: BoxLoss::Overlap(IouKind::Ciou),
        iou_normalizer: 0.5,
        ignore_thresh: 0.7,
        ..YoloSection::default()
    };
    for gradient in [BoxGradient::Darknet, BoxGradient::Exact] {
        let training = backward(&graph, &GradientRequest { trained: &|_| true, input: false }, pictures.len()).unwrap();
        let sgd = Sgd { momentum: 0.9, decay: 5e-4, batch: pictures.len(), ahead: 0.0 };
        let statistics = Statistics { share: 0.01, seen: Some(0) };
        let mut twin = Twin::new(training, scratch(&graph), sgd, statistics);
        let rates = Schedule { burn_in: 20, learning_rate: 0.02, ..schedule(Policy::Constant) };
        let mut tallies = Vec::new();
        for n in 1..=300 {
            twin.step(pictures.clone(), [rates.rate(n); 2], |heads| {
                let (above, tally) = loss(&section, gradient, heads, &truths)?;
                tallies.push(tally);
                Ok(above)
            })
            .unwrap();
        }
        let (first, last) = (tallies.first().unwrap(), tallies.last().unwrap());
        let fallen = last.objective.total() / first.objective.total();
        println!(
            "{gradient:?}: {:.4} to {:.4}, {fallen:.2e}, IoU {:.3}",
            first.objective.total(),
            last.objective.total(),
            last.average_iou()
        );
        assert!(fallen < 0.01, "{gradient:?}: the loss fell to {fallen:.3} of its start");
        assert_eq!((last.assigned, last.recall_50), (3, 3), "{gradient:?}");
        // The same is found by running statistics, which is how the network is played afterwards.
        let numbers = twin.params().clone();
        let given = [(NodeId(0), pictures.clone())].into();
        let head = graph.heads[0].input;
        let played = play_batch(&graph, &|id| numbers.get(id), given, &[head]).unwrap();
        let (_, tally) = loss(&section, gradient, &[&played[&head]], &truths).unwrap();
        assert_eq!(tally.recall_50, 3, "{gradient:?}, by running statistics: {tally:?}");
    }
}

#[test]
fn in_f32_the_oracle_plays_what_it_plays_in_f64() {
    let graph = network();
    let params = scratch(&graph);
    let narrow = |list: &[f64]| list.iter().map(|v| *v as f32).collect::<Vec<f32>>();
    let narrowed = params.0.iter().map(|numbers| match numbers.as_ref()? {
        NodeParams::Conv { weights, bias } => {
            Some(NodeParams::Conv { weights: narrow(weights), bias: bias.as_ref().map(|bias| narrow(bias)) })
        }
        NodeParams::BatchNorm { beta, gamma, mean, eps, .. } => Some(NodeParams::BatchNorm {
            beta: narrow(beta),
            gamma: narrow(gamma),
            mean: narrow(mean),
            var: vec![1.0; mean.len()],
            eps: *eps,
        }),
    });
    let narrowed = Params(narrowed.collect());
    let head = graph.heads[0].input;
    let picture = pictures().0.remove(0);
    let small = Tensor { shape: picture.shape, data: narrow(&picture.data) };
    let wide = narrowed.wide();
    let exact = play_batch(&graph, &|id| wide.get(id), [(NodeId(0), vec![picture])].into(), &[head]).unwrap();
    let found = play(&graph, &narrowed, &small, &[head]).unwrap();
    let (mut error, mut size) = (0.0, 0.0);
    for (a, b) in found[&head].data.iter().zip(&exact[&head][0].data) {
        error += (f64::from(*a) - b).powi(2);
        size += b * b;
    }
    assert!((error / size).sqrt() < 1e-6, "{}", (error / size).sqrt());
}

/// One convolution without a window, so that what batch-norm sees is the picture; 4 pixels in each of two pictures.
fn normed() -> (Graph, Params<f64>) {
    let mut b = Builder::new(Shape::new(1, 2, 2)).unwrap();
    let one = Conv { filters: 1, size: 1, stride_y: 1, stride_x: 1, pad: 0, ..CONV };
    let conv = b.add("conv", None, Op::Conv(one), &[NodeId(0)]).unwrap();
    let norm = b.add("norm", None, Op::BatchNorm, &[conv]).unwrap();
    let head = b.add("head", None, Op::Conv(Conv { filters: 6, bias: true, ..one }), &[norm]).unwrap();
    let anchors = vec![(1.0, 1.0)];
    b.head("yolo", Head { input: head, layer: 0, anchors, classes: 1, scale_x_y: 1.0, new_coords: false }).unwrap();
    let numbers = [
        None,
        Some(NodeParams::Conv { weights: vec![1.0], bias: None }),
        Some(NodeParams::BatchNorm {
            beta: vec![0.0],
            gamma: vec![1.0],
            mean: vec![10.0],
            var: vec![100.0],
            eps: 1e-5,
        }),
        Some(NodeParams::Conv { weights: vec![0.1; 6], bias: Some(vec![0.0; 6]) }),
    ];
    (b.finish(), Params(numbers.to_vec()))
}

#[test]
fn running_statistics_follow_by_hand() {
    let (graph, params) = normed();
    let picture = |data: [f64; 4]| Tensor { shape: Shape::new(1, 2, 2), data: data.to_vec() };
    // Of 1 to 8: mean 4.5, sum of squares 42, so 42 / 7 = 6 as of a sample.
    let pictures = vec![picture([1.0, 2.0, 3.0, 4.0]), picture([5.0, 6.0, 7.0, 8.0])];
    for (seen, share) in [(None, 0.01), (Some(0), 1.0), (Some(3), 0.25), (Some(1000), 0.01)] {
        let training = backward(&graph, &GradientRequest { trained: &|_| true, input: false }, 2).unwrap();
        let sgd = Sgd { momentum: 0.9, decay: 0.0, batch: 2, ahead: 0.0 };
        let mut twin = Twin::new(training, params.clone(), sgd, Statistics { share: 0.01, seen });
        let nothing = |heads: &[&Values<f64>]| {
            let zeros = |value: &Tensor<f64>| Tensor { shape: value.shape, data: vec![0.0; value.data.len()] };
            Ok(heads.iter().map(|values| values.iter().map(zeros).collect()).collect())
        };
        twin.step(pictures.clone(), [0.1; 2], nothing).unwrap();
        let Some(NodeParams::BatchNorm { mean, var, .. }) = twin.params().get(NodeId(2)) else { panic!("batch-norm") };
        let (mean, var) = (mean[0], var[0]);
        let wanted = (10.0 + share * (4.5 - 10.0), 100.0 + share * (6.0 - 100.0));
        assert!(
            (mean - wanted.0).abs() < 1e-12 && (var - wanted.1).abs() < 1e-12,
            "{seen:?}: {mean} {var}, expected {wanted:?}"
        );
        let short = twin.step(pictures.clone(), [0.1; 2], |_| Ok(vec![])).unwrap_err();
        assert!(short.to_string().contains("gradients of 1 heads, found 0"), "{short}");
        twin.sgd.batch = 64;
        let other = twin.step(pictures.clone(), [0.1; 2], nothing).unwrap_err();
        assert!(other.to_string().contains("64 pictures"), "{other}");
    }
}
