//! A training whose pictures change their size loses nothing of what it has learnt.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use pollster::block_on;
use yolov4::{
    Shape, Tensor,
    low_level::{
        gpu::{Gpu, GpuOptions},
        graph::{Graph, NodeParams, Params, recompute::Recompute},
        model::{CfgOptions, Model, random::Random},
        train::{
            darknet_loss::Truth,
            keys::TrainingKeys,
            recipe::Optimizer,
            session::{RUNNING_SHARE, TrainSession, TrainSessionOptions},
        },
    },
};

const OWN: (usize, usize) = (64, 64);
const OTHER: (usize, usize) = (96, 32);

fn network() -> Model {
    Model::open("demo", &CfgOptions { size: Some(OWN), ..CfgOptions::default() }).unwrap()
}

fn session(gpu: &Gpu, network: &Model, optimizer: Optimizer) -> TrainSession {
    let options = TrainSessionOptions {
        batch: 2,
        mini: 1,
        recompute: Recompute::default(),
        frozen: 0,
        share: RUNNING_SHARE,
        fresh: false,
        average: Some(0.9),
        longest: None,
        canvas: None,
    };
    let keys = keys(&network.graph).moved_by(optimizer);
    TrainSession::new(gpu, &network.graph, network.random_params(3), keys, options).unwrap()
}

fn keys(graph: &Graph) -> TrainingKeys {
    TrainingKeys::of_graph(graph).of_classes(graph)
}

/// Two pictures of noise, and something in each.
fn batch(canvas: (usize, usize), seed: u64) -> (Vec<Tensor>, Vec<Vec<Truth>>) {
    let mut random = Random::new(seed);
    let shape = Shape::new(3, canvas.1, canvas.0);
    let picture =
        |random: &mut Random| Tensor { shape, data: (0..shape.elements()).map(|_| random.signed().abs()).collect() };
    let inputs = (0..2).map(|_| picture(&mut random)).collect();
    (inputs, vec![vec![Truth { class: 1, cx: 0.4, cy: 0.6, w: 0.5, h: 0.3 }], vec![]])
}

fn step(session: &mut TrainSession, keys: &TrainingKeys, canvas: (usize, usize), seed: u64) -> f64 {
    let (inputs, truths) = batch(canvas, seed);
    let schedule = keys.schedule.over(100);
    let size = keys.step_size(&schedule, session.steps() + 1);
    let report = session.step(&size, &inputs, &truths).unwrap();
    assert!(report.moved);
    report.loss.total()
}

fn numbers(params: &Params) -> Vec<f32> {
    let lists = params.0.iter().flatten().flat_map(|of| match of {
        NodeParams::Conv { weights, bias } => vec![weights.clone(), bias.clone().unwrap_or_default()],
        NodeParams::BatchNorm { beta, gamma, mean, var, .. } => {
            vec![beta.clone(), gamma.clone(), mean.clone(), var.clone()]
        }
    });
    lists.flatten().collect()
}

#[test]
fn another_size_and_back_changes_no_bit() {
    let gpu = block_on(Gpu::new(&GpuOptions::default())).unwrap();
    let network = network();
    for optimizer in [Optimizer::Sgd, Optimizer::AdamW] {
        let keys = keys(&network.graph).moved_by(optimizer);
        let (mut straight, mut round) = (session(&gpu, &network, optimizer), session(&gpu, &network, optimizer));
        let bytes = round.bytes();
        for seed in 0..3 {
            let expected = step(&mut straight, &keys, OWN, seed);
            assert_eq!(step(&mut round, &keys, OWN, seed), expected, "step {seed}");
            round.resize(OTHER).unwrap();
            assert_ne!(round.bytes(), bytes);
            round.resize(OWN).unwrap();
            assert_eq!(round.bytes(), bytes);
        }
        assert!(numbers(straight.params().unwrap()) == numbers(round.params().unwrap()), "{optimizer:?}");
    }
}

#[test]
fn a_step_of_another_size_is_that_of_a_network_of_that_size() {
    let gpu = block_on(Gpu::new(&GpuOptions::default())).unwrap();
    let network = network();
    let other = Model::open("demo", &CfgOptions { size: Some(OTHER), ..CfgOptions::default() }).unwrap();
    let keys = keys(&network.graph).moved_by(Optimizer::Sgd);
    let mut resized = session(&gpu, &network, Optimizer::Sgd);
    resized.resize(OTHER).unwrap();
    let mut made = session(&gpu, &other, Optimizer::Sgd);
    for seed in 0..2 {
        let expected = step(&mut made, &keys, OTHER, seed);
        assert_eq!(step(&mut resized, &keys, OTHER, seed), expected);
    }
    assert!(numbers(resized.params().unwrap()) == numbers(made.params().unwrap()));
    // The network's input must be whole cells of every head, or its values do not fit together.
    let error = resized.resize((100, 50)).unwrap_err().to_string();
    assert!(error.contains("cannot join"), "{error}");
}
