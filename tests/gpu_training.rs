//! Training on the GPU, node by node and step by step, against the oracle in f64. Without an adapter these tests fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use yolov4::{
    Gpu, Shape, Tensor,
    low_level::{
        gpu::{Adaptive, Descent, GpuOptions, TrainOptions, TrainProgram},
        graph::{Activation, Builder, Conv, Graph, Keep, NodeId, NodeParams, Op, Params, backward::GradientRequest},
        kernels::{
            conv::{CardClass, Variant},
            train::KERNELS,
        },
        oracle::{Values, play_batch},
        train::{
            adamw::AdamW,
            sgd::Sgd,
            twin::{Statistics, Twin},
        },
    },
};

#[path = "common/networks.rs"]
mod networks;
use networks::{CONV, Noise, forked, random_params};

const PICTURES: usize = 3;
/// Distance of a value from the oracle's, as a part of its length. What a network of a few layers loses in f32.
const APART: f64 = 1e-5;
const EVERYTHING: GradientRequest<'static> = GradientRequest { trained: &|_| true, input: true };

fn gpu() -> Gpu {
    pollster::block_on(Gpu::new(&GpuOptions::default())).expect("a GPU adapter")
}

fn narrow(values: &Values<f64>) -> Vec<Tensor> {
    let one = |value: &Tensor<f64>| Tensor::new(value.shape, value.data.iter().map(|v| *v as f32).collect()).unwrap();
    values.iter().map(one).collect()
}

/// As the GPU gets them: in f32.
fn values(noise: &mut Noise, shape: Shape) -> Values<f64> {
    let rounded = |list: Vec<f64>| list.into_iter().map(|v| f64::from(v as f32)).collect();
    (0..PICTURES).map(|_| Tensor::new(shape, rounded(noise.list(shape.elements()))).unwrap()).collect()
}

fn narrow_params(params: &Params<f64>) -> Params {
    let list = |list: &Vec<f64>| list.iter().map(|v| *v as f32).collect::<Vec<f32>>();
    let numbers = params.0.iter().map(|numbers| {
        numbers.as_ref().map(|numbers| match numbers {
            NodeParams::Conv { weights, bias } => {
                NodeParams::Conv { weights: list(weights), bias: bias.as_ref().map(list) }
            }
            NodeParams::BatchNorm { beta, gamma, mean, var, eps } => NodeParams::BatchNorm {
                beta: list(beta),
                gamma: list(gamma),
                mean: list(mean),
                var: list(var),
                eps: *eps,
            },
        })
    });
    Params(numbers.collect())
}

/// Relative distance of two lists.
fn apart(found: &[f64], right: &[f64]) -> f64 {
    assert_eq!(found.len(), right.len());
    let off: f64 = found.iter().zip(right).map(|(a, b)| (a - b).powi(2)).sum();
    let size: f64 = right.iter().map(|v| v * v).sum();
    if off == 0.0 { 0.0 } else { (off / size).sqrt() }
}

fn flat<T: Copy>(values: &[Tensor<T>]) -> Vec<T> {
    values.iter().flat_map(|value| value.data.iter().copied()).collect()
}

/// What was compared.
#[derive(Default)]
struct Compared {
    worst: f64,
    nodes: usize,
    kernels: BTreeSet<&'static str>,
}

impl Compared {
    /// Every value of a network in training, forwards and backwards.
    fn add(&mut self, gpu: &Gpu, what: &str, graph: &Graph, options: &TrainOptions, request: &GradientRequest<'_>) {
        let mut noise = Noise(11);
        let params = narrow_params(&random_params(graph, &mut noise));
        let options = TrainOptions { pictures: PICTURES, keep: Keep::All, ..options.clone() };
        let program = TrainProgram::new(gpu, graph, &params, request, &options);
        let mut program = pollster::block_on(program).unwrap_or_else(|e| panic!("{what}: {e}"));
        let training = program.training().clone();
        let pictures = values(&mut noise, graph.input_shape());
        let above: Vec<Values<f64>> =
            graph.heads.iter().map(|head| values(&mut noise, graph.node(head.input).shape)).collect();

        pollster::block_on(program.forwards(&narrow(&pictures))).unwrap();
        program.backwards(&above.iter().map(narrow).collect::<Vec<_>>()).unwrap();
        let whole = |id: &NodeId| program.plan().views(*id).len() == 1;
        let ids: Vec<NodeId> = (1..training.graph.nodes.len()).map(NodeId).filter(whole).collect();
        let found = pollster::block_on(program.values(&ids)).unwrap();

        let wide = params.wide();
        let numbers = |id: NodeId| training.numbers[id.0].and_then(|of| wide.get(of));
        let mut given: BTreeMap<NodeId, Values<f64>> = [(NodeId(0), pictures)].into();
        given.extend(training.upstream.iter().copied().zip(above));
        let right = play_batch(&training.graph, &numbers, given, &ids).unwrap();
        for (id, found) in ids.iter().zip(found) {
            let node = training.graph.node(*id);
            let found: Vec<f64> = flat(&found).into_iter().map(f64::from).collect();
            let off = apart(&found, &flat(&right[id]));
            let by: Vec<_> = program.calls().iter().filter(|(node, _)| node == id).map(|(_, kernel)| *kernel).collect();
            assert!(off < APART, "{what}: {} ({}, by {by:?}) is {off:.1e} off", node.name, node.op.describe());
            self.worst = self.worst.max(off);
            self.nodes += 1;
        }
        self.kernels.extend(program.calls().iter().map(|(_, kernel)| *kernel));
    }

    fn tell(&self) {
        println!("{} values, none off by more than {:.1e} of its length", self.nodes, self.worst);
    }
}

/// One op that reads a fork of so many channels alone.
fn wide(input: Shape, channels: usize, op: &Op) -> networks::Case {
    let middle = |b: &mut Builder, fork| b.add("middle", None, op.clone(), &[fork]).unwrap();
    (format!("{} of {channels} channels", op.describe()), forked(input, channels, middle))
}

/// Convolutions of more channels than a tile has, or a few less, in steps of one, two and three.
fn large_convolutions() -> Vec<networks::Case> {
    let at = |h, w| Shape::new(3, h, w);
    let conv = |filters, size, stride| {
        Op::Conv(Conv { filters, size, pad: size / 2, stride_y: stride, stride_x: stride, bias: false, ..CONV })
    };
    let mut all = vec![
        wide(at(9, 11), 37, &conv(70, 3, 1)),
        wide(at(9, 11), 37, &conv(70, 3, 2)),
        wide(at(10, 7), 64, &conv(33, 1, 1)),
        wide(at(10, 7), 20, &conv(18, 1, 2)),
        wide(at(11, 10), 22, &conv(9, 5, 3)),
        wide(at(1, 1), 40, &conv(40, 3, 1)),
    ];
    for groups in [1, 2, 16] {
        all.push(wide(at(6, 9), 16, &Op::Conv(Conv { filters: 16, groups, ..CONV })));
        let stepped = Conv { filters: 16, groups, stride_y: 2, stride_x: 2, ..CONV };
        all.push(wide(at(6, 9), 16, &Op::Conv(stepped)));
    }
    all.push(wide(at(12, 12), 12, &Op::Conv(Conv { filters: 20, dilation: 2, pad: 2, ..CONV })));
    all
}

#[test]
fn every_value_of_every_op_is_the_oracles() {
    let gpu = gpu();
    let mut compared = Compared::default();
    for (what, graph) in networks::all().into_iter().chain(large_convolutions()) {
        let options = TrainOptions { checked: true, ..TrainOptions::default() };
        compared.add(&gpu, &what, &graph, &options, &EVERYTHING);
    }
    let frozen = forked(Shape::new(3, 8, 5), 6, |b, fork| {
        let norm = b.add("frozen norm", None, Op::BatchNorm, &[fork]).unwrap();
        b.add("middle", None, Op::Conv(CONV), &[norm]).unwrap()
    });
    let behind = |id: NodeId| id.0 > 2;
    let request = GradientRequest { trained: &behind, input: false };
    for (what, graph) in large_convolutions() {
        let options = TrainOptions { card: Some(CardClass::Rdna2), ..TrainOptions::default() };
        compared.add(&gpu, &format!("{what}, as on a card"), &graph, &options, &EVERYTHING);
    }
    compared.add(&gpu, "a batch-norm that is not trained", &frozen, &TrainOptions::default(), &request);
    compared.tell();
    // What plays no node of a graph is proved by the steps, and by convolutions that read what it has packed.
    let steps = [
        "train/accumulate",
        "train/adamw",
        "train/follow",
        "train/norm",
        "train/norm_limit",
        "train/pack_weights",
        "train/sgd",
    ];
    let missing = KERNELS.iter().map(|kernel| kernel.name).filter(|name| !compared.kernels.contains(name));
    assert_eq!(missing.collect::<Vec<_>>(), steps, "kernels of training that nothing here was played by");
}

/// Weights are packed on the GPU as a rung wants them, turned and by phases too.
#[test]
fn every_rung_reads_what_is_packed_for_it() {
    let gpu = gpu();
    let mut compared = Compared::default();
    // Two cores compile every pipeline anew in CI: every second of them.
    let every = if std::env::var_os("CI").is_some_and(|v| v == "true") { 2 } else { 1 };
    for (what, graph) in large_convolutions().into_iter().step_by(every) {
        for rung in Variant::ALL {
            let options = TrainOptions { conv: Some(*rung), ..TrainOptions::default() };
            compared.add(&gpu, &format!("{what}, {}", rung.name()), &graph, &options, &EVERYTHING);
        }
    }
    compared.tell();
    let rungs = ["conv_block", "conv_depthwise", "conv_direct", "conv_lanes", "conv_sum", "conv_tiled"];
    assert_eq!(rungs.into_iter().filter(|rung| !compared.kernels.contains(rung)).collect::<Vec<_>>(), [""; 0]);
}

/// Gradients of what is asked of the heads: that they be like their targets.
fn by_distance(heads: &[&Values<f64>], targets: &[Values<f64>]) -> Vec<Values<f64>> {
    let of = |(head, target): (&&Values<f64>, &Values<f64>)| {
        let one = |(head, target): (&Tensor<f64>, &Tensor<f64>)| {
            let data = head.data.iter().zip(&target.data).map(|(a, b)| (a - b) / head.data.len() as f64);
            Tensor::new(head.shape, data.collect()).unwrap()
        };
        head.iter().zip(target).map(one).collect()
    };
    heads.iter().zip(targets).map(of).collect()
}

#[test]
fn ten_steps_are_the_twins() {
    ten_steps(&Steps { ahead: 0.0, biases: 1.0, longest: None, adamw: false });
}

#[test]
fn ten_steps_ahead_with_rates_of_their_own_for_biases_are_the_twins() {
    ten_steps(&Steps { ahead: 0.9, biases: 2.0, longest: None, adamw: false });
}

#[test]
fn ten_shortened_steps_are_the_twins() {
    ten_steps(&Steps { ahead: 0.0, biases: 1.0, longest: Some(0.2), adamw: false });
}

#[test]
fn ten_steps_of_adamw_are_the_twins() {
    ten_steps(&Steps { ahead: 0.0, biases: 2.0, longest: Some(0.02), adamw: true });
}

/// How ten steps are made.
struct Steps {
    /// Nesterov's momentum.
    ahead: f64,
    /// How many times as far biases and betas are moved.
    biases: f64,
    /// What gradients of a picture are shortened to.
    longest: Option<f64>,
    adamw: bool,
}

fn ten_steps(&Steps { ahead, biases, longest, adamw }: &Steps) {
    let gpu = gpu();
    let block = |b: &mut Builder, name: &str, conv: Conv, of| {
        let conv = b.add(name, None, Op::Conv(Conv { bias: false, ..conv }), &[of]).unwrap();
        let norm = b.add(format!("{name} norm"), None, Op::BatchNorm, &[conv]).unwrap();
        b.add(format!("{name} leaky"), None, Op::Activation(Activation::Leaky(0.1)), &[norm]).unwrap()
    };
    let graph = forked(Shape::new(3, 12, 16), 8, |b, fork| {
        let one = block(b, "one", Conv { filters: 20, stride_y: 2, stride_x: 2, ..CONV }, fork);
        let two = block(b, "two", Conv { filters: 20, ..CONV }, one);
        let sum = b.add("sum", None, Op::Add, &[one, two]).unwrap();
        block(b, "three", Conv { filters: 12, size: 1, pad: 0, ..CONV }, sum)
    });
    let mut noise = Noise(5);
    let mut params = narrow_params(&random_params(&graph, &mut noise));
    let request = GradientRequest { trained: &|_| true, input: false };
    let options = TrainOptions { pictures: PICTURES, adaptive: adamw, ..TrainOptions::default() };
    let mut program = pollster::block_on(TrainProgram::new(&gpu, &graph, &params, &request, &options)).unwrap();
    let sgd = Sgd { momentum: 0.9, decay: 0.0005, batch: PICTURES, ahead };
    let statistics = Statistics { share: 0.1, seen: None };
    let mut twin = Twin::new(program.training().clone(), params.wide(), sgd, statistics);
    twin.longest = longest;
    // Where a gradient is next to nothing, its direction is rounding alone: that shall count for little.
    let adaptive = Adaptive { least: 1e-2, ..Adaptive::default() };
    let Adaptive { second, least, .. } = adaptive;
    twin.adamw = adamw.then_some(AdamW { momentum: 0.9, second, least, decay: 0.0005, batch: PICTURES });
    let mut shortened = 0;
    let targets: Vec<Values<f64>> =
        graph.heads.iter().map(|head| values(&mut noise, graph.node(head.input).shape)).collect();
    let (mut losses, mut worst) = (Vec::new(), [0.0_f64; 2]);
    for step in 0..10 {
        let pictures = values(&mut noise, graph.input_shape());
        let rate = 0.05 * f64::from(step + 1);
        let before = params.clone();
        let old = twin.params().clone();
        twin.step(pictures.clone(), [rate, biases * rate], |heads| {
            losses.push(heads.iter().zip(&targets).map(|(a, b)| apart(&flat(a), &flat(b))).sum::<f64>());
            Ok(by_distance(heads, &targets))
        })
        .unwrap();
        let heads = pollster::block_on(program.forwards(&narrow(&pictures))).unwrap();
        let wide = |values: &Vec<Tensor>| {
            let one =
                |value: &Tensor| Tensor::new(value.shape, value.data.iter().map(|v| f64::from(*v)).collect()).unwrap();
            values.iter().map(one).collect::<Values<f64>>()
        };
        let heads: Vec<Values<f64>> = heads.iter().map(wide).collect();
        let above = by_distance(&heads.iter().collect::<Vec<_>>(), &targets);
        let descent = Descent {
            rate,
            bias_rate: biases * rate,
            momentum: 0.9,
            ahead,
            decay: 0.0005,
            longest: longest.unwrap_or(0.0),
            adaptive: Adaptive { step: step as u64 + 1, ..adaptive },
            batch: PICTURES,
            share: 0.1,
            average: 0.0,
        };
        program.begin(&descent).unwrap();
        program.backwards(&above.iter().map(narrow).collect::<Vec<_>>()).unwrap();
        program.descend().unwrap();
        let norm = pollster::block_on(program.norm()).unwrap();
        assert_eq!(norm.odd, 0);
        shortened += usize::from(longest.is_some_and(|longest| norm.length > longest));
        pollster::block_on(program.read_params(false, &mut params)).unwrap();
        for ((new, before), (right, old)) in
            params.0.iter().zip(&before.0).zip(twin.params().0.iter().zip(&old.0)).filter(|((new, _), _)| new.is_some())
        {
            let [new, before] = [new, before].map(|numbers| lists(&numbers.as_ref().unwrap().wide()));
            let [right, old] = [right, old].map(|numbers| lists(numbers.as_ref().unwrap()));
            let moved = |to: &[f64], from: &[f64]| to.iter().zip(from).map(|(a, b)| a - b).collect::<Vec<f64>>();
            for n in 0..2 {
                // What is trained, update by update; running statistics as they are.
                worst[0] = worst[0].max(apart(&moved(&new[n], &before[n]), &moved(&right[n], &old[n])));
                worst[1] = worst[1].max(apart(&new[n + 2], &right[n + 2]));
            }
        }
    }
    println!(
        "updates off by {:.1e}, statistics by {:.1e}; distance {:.3} to {:.3}",
        worst[0], worst[1], losses[0], losses[9]
    );
    assert!(worst[0] < 1e-3 && worst[1] < 1e-5, "{worst:?}");
    assert!(longest.is_none() || shortened > 5, "{shortened} steps were shortened");
    // Short steps get nowhere in ten.
    assert!(longest.is_some() || losses[9] < 0.8 * losses[0], "{losses:?}");
}

/// Weights and bias, or gamma and beta; mean and variance.
fn lists(numbers: &NodeParams<f64>) -> [Vec<f64>; 4] {
    match numbers {
        NodeParams::Conv { weights, bias } => [weights.clone(), bias.clone().unwrap_or_default(), vec![], vec![]],
        NodeParams::BatchNorm { beta, gamma, mean, var, .. } => {
            [gamma.clone(), beta.clone(), mean.clone(), var.clone()]
        }
    }
}

#[test]
fn the_same_step_twice_is_the_same_to_the_bit() {
    let gpu = gpu();
    let (_, graph) = networks::batch_norms().remove(1);
    let mut noise = Noise(3);
    let params = narrow_params(&random_params(&graph, &mut noise));
    let pictures = narrow(&values(&mut noise, graph.input_shape()));
    let above: Vec<_> =
        graph.heads.iter().map(|head| narrow(&values(&mut noise, graph.node(head.input).shape))).collect();
    let mut played = [params.clone(), params.clone()];
    for params in &mut played {
        let options = TrainOptions { pictures: PICTURES, ..TrainOptions::default() };
        let start = params.clone();
        let mut program = pollster::block_on(TrainProgram::new(&gpu, &graph, &start, &EVERYTHING, &options)).unwrap();
        for _ in 0..3 {
            program
                .begin(&Descent {
                    rate: 0.1,
                    bias_rate: 0.1,
                    momentum: 0.9,
                    decay: 0.001,
                    batch: 3,
                    share: 0.5,
                    ..Descent::default()
                })
                .unwrap();
            pollster::block_on(program.forwards(&pictures)).unwrap();
            program.backwards(&above).unwrap();
            program.descend().unwrap();
        }
        pollster::block_on(program.read_params(false, params)).unwrap();
    }
    assert_ne!(played[0], params);
    assert_eq!(played[0], played[1]);
}

/// Gradients of mini-batches are those of their own statistics, added; averages go a part of the way.
#[test]
fn mini_batches_are_put_together_and_numbers_averaged() {
    let gpu = gpu();
    let (_, graph) = networks::batch_norms().remove(1);
    let mut noise = Noise(3);
    let start = narrow_params(&random_params(&graph, &mut noise));
    let minis: Vec<(Vec<Tensor>, Vec<Vec<Tensor>>)> = (0..3)
        .map(|_| {
            let mut drawn = |shape: Shape| narrow(&values(&mut noise, shape));
            let pictures = drawn(graph.input_shape());
            (pictures, graph.heads.iter().map(|head| drawn(graph.node(head.input).shape)).collect())
        })
        .collect();
    let descent = Descent { rate: 0.1, bias_rate: 0.1, batch: 9, share: 0.5, average: 0.25, ..Descent::default() };
    let options = TrainOptions { pictures: PICTURES, several: true, averaged: true, ..TrainOptions::default() };
    let play = |minis: &[(Vec<Tensor>, Vec<Vec<Tensor>>)], steps: usize| {
        let mut program = pollster::block_on(TrainProgram::new(&gpu, &graph, &start, &EVERYTHING, &options)).unwrap();
        for _ in 0..steps {
            program.begin(&descent).unwrap();
            for (pictures, above) in minis {
                pollster::block_on(program.forwards(pictures)).unwrap();
                program.backwards(above).unwrap();
            }
            program.descend().unwrap();
        }
        let (mut moved, mut averaged) = (start.clone(), start.clone());
        pollster::block_on(program.read_params(false, &mut moved)).unwrap();
        pollster::block_on(program.read_params(true, &mut averaged)).unwrap();
        [flat_params(&moved), flat_params(&averaged)]
    };
    let begun = flat_params(&start);
    let moved = |params: &[f64]| params.iter().zip(&begun).map(|(a, b)| a - b).collect::<Vec<f64>>();
    let each: Vec<Vec<f64>> = minis.chunks(1).map(|mini| moved(&play(mini, 1)[0])).collect();
    let [together, averaged] = play(&minis, 1);
    let sum: Vec<f64> = (0..begun.len()).map(|n| each.iter().map(|one| one[n]).sum()).collect();
    let off = apart(&moved(&together), &sum);
    assert!(off < 1e-5, "{off:.1e}");
    let off = apart(&moved(&averaged), &moved(&together).iter().map(|v| v * 0.25).collect::<Vec<_>>());
    assert!(off < 1e-4, "{off:.1e}");
    // The sums of a step are not those of the one before.
    let still = play(&minis[..1], 2);
    assert!(apart(&moved(&still[0]), &each[0].iter().map(|v| 2.0 * v).collect::<Vec<_>>()) < 0.2);
}

/// What is trained, in one list.
fn flat_params(params: &Params) -> Vec<f64> {
    params.wide().0.iter().flatten().flat_map(|numbers| lists(numbers).into_iter().take(2).flatten()).collect()
}

#[test]
fn what_does_not_fit_is_said() {
    let gpu = gpu();
    let (_, graph) = networks::batch_norms().remove(0);
    let params = narrow_params(&random_params(&graph, &mut Noise(3)));
    let options = TrainOptions { pictures: 2, ..TrainOptions::default() };
    let mut program = pollster::block_on(TrainProgram::new(&gpu, &graph, &params, &EVERYTHING, &options)).unwrap();
    let one = Tensor::zeros(graph.input_shape());
    let error = pollster::block_on(program.forwards(std::slice::from_ref(&one))).unwrap_err().to_string();
    assert!(error.contains("expected 2 values, found 1"), "{error}");
    let error = pollster::block_on(program.forwards(&[one.clone(), Tensor::zeros(Shape::new(1, 1, 1))])).unwrap_err();
    assert!(error.to_string().contains("expected"), "{error}");
    let error = program.backwards(&[]).unwrap_err().to_string();
    assert!(error.contains("expected the gradients of 2 heads, found 0"), "{error}");
    let error = program.descend().unwrap_err().to_string();
    assert!(error.contains("a step of 0 mini-batches"), "{error}");
    let short = Params(vec![None; graph.nodes.len()]);
    let error =
        pollster::block_on(TrainProgram::new(&gpu, &graph, &short, &EVERYTHING, &options)).unwrap_err().to_string();
    assert!(error.contains("stem") && error.contains("weights"), "{error}");
}

/// What a gradient that is no number would leave is told, and nothing is moved by it.
#[test]
fn gradients_that_are_no_numbers_move_nothing() {
    let gpu = gpu();
    let graph = forked(Shape::new(3, 8, 8), 70, |b, fork| b.add("middle", None, Op::BatchNorm, &[fork]).unwrap());
    let mut noise = Noise(3);
    let mut params = narrow_params(&random_params(&graph, &mut noise));
    for adaptive in [false, true] {
        let before = params.clone();
        let options = TrainOptions { pictures: 1, adaptive, ..TrainOptions::default() };
        let request = GradientRequest { trained: &|_| true, input: false };
        let mut program = pollster::block_on(TrainProgram::new(&gpu, &graph, &params, &request, &options)).unwrap();
        let picture = narrow(&values(&mut noise, graph.input_shape())[..1].to_vec());
        pollster::block_on(program.forwards(&picture)).unwrap();
        let mut above: Vec<Vec<Tensor>> = graph
            .heads
            .iter()
            .map(|head| narrow(&values(&mut noise, graph.node(head.input).shape)[..1].to_vec()))
            .collect();
        let step = |program: &mut TrainProgram, above: &[Vec<Tensor>]| {
            pollster::block_on(program.forwards(&picture)).unwrap();
            program.begin(&Descent { rate: 0.1, bias_rate: 0.1, batch: 1, ..Descent::default() }).unwrap();
            program.backwards(above).unwrap();
            program.descend().unwrap();
            pollster::block_on(program.norm()).unwrap()
        };
        let good = above[0][0].data[5];
        above[0][0].data[5] = f32::NAN;
        assert!(step(&mut program, &above).odd > 0);
        pollster::block_on(program.read_params(false, &mut params)).unwrap();
        assert_eq!(params, before, "adaptive: {adaptive}");
        above[0][0].data[5] = good;
        let norm = step(&mut program, &above);
        assert!(norm.odd == 0 && norm.length > 0.0, "{norm:?}");
        pollster::block_on(program.read_params(false, &mut params)).unwrap();
        assert_ne!(params, before, "adaptive: {adaptive}");
    }
}
