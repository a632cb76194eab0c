//! Every kernel, every variant, against its twin on the CPU. Without an adapter these tests fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;

use yolov4::{
    Gpu, Precision,
    low_level::{
        gpu::{DeviceRequirements, GpuOptions, ProgramOptions},
        graph::{Activation, Builder, Graph, Head, Keep, NodeId, NodeParams, Op, Params, Target, compile::compile},
        host::{Candidate, NmsKind, Thresholds},
        kernels::{catalogue, conv::Variant, train},
        model::random::Random,
        oracle,
        tensor::{Shape, Tensor},
    },
};
use yolov4_suite::{
    Played, Round,
    checks::{self, head_graph, there_is, thresholds},
    play,
    problems::{self, Problem, suite},
};

fn gpu(precision: Precision) -> Gpu {
    let requirements = DeviceRequirements { precision, ..DeviceRequirements::default() };
    pollster::block_on(Gpu::new(&GpuOptions { requirements, ..GpuOptions::default() })).expect("a GPU adapter")
}

/// Kernels that no op is lowered to; what of the oracle they are compared with, and where.
const NO_OPS: [(&str, &str, &str); 7] = [
    ("decode", "oracle::decode(", include_str!("../suite/src/checks.rs")),
    ("letterbox", "oracle::letterbox(", include_str!("../suite/src/checks.rs")),
    ("nms", "oracle::nms(", include_str!("../suite/src/checks.rs")),
    ("rank", "oracle::rank(", include_str!("frames.rs")),
    ("sort", "oracle::nms(", include_str!("../suite/src/checks.rs")),
    ("sort_merge", "oracle::nms(", include_str!("../suite/src/checks.rs")),
    ("to_rgba", "oracle::to_rgba(", include_str!("frames.rs")),
];

/// Every op has a problem in which it stands as it is loaded, or as a pass made it.
#[test]
fn every_op_has_a_problem() {
    let rooms = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops")).unwrap();
    let rooms: BTreeSet<String> =
        rooms.map(|room| room.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    // What all rooms have in common is none, nor is what only training has: tests/gradients.rs plays that.
    let mut played = BTreeSet::from(["mod", "op", "room", "gradient", "train"].map(str::to_owned));
    for problem in suite() {
        let compiled = compile(problem.graph.clone(), Params::default(), &Target::default()).unwrap();
        played.extend(problem.graph.nodes.iter().chain(&compiled.graph.nodes).map(|node| node.op.name().to_owned()));
    }
    assert_eq!(rooms, played, "files of src/ops, named after their ops, and ops in suite/src/problems.rs");
}

/// Every kernel of the catalogue has been compared: by the problems that were just `played`, or by a test of its own.
fn every_kernel_has_been_compared(played: &BTreeSet<&str>, gpu: &Gpu) {
    let lacks = |name: &str| {
        let plays = |v: &&Variant| v.kernels().iter().any(|kernel| kernel.name == name);
        let mut rungs = Variant::ALL.iter().filter(plays).peekable();
        rungs.peek().is_some() && rungs.all(|rung| there_is(*rung, gpu, Precision::F32).is_err())
    };
    // Those of training are compared by tests/gpu_training.rs.
    for kernel in catalogue().into_iter().filter(|kernel| !train::KERNELS.contains(kernel)) {
        match NO_OPS.iter().find(|(name, ..)| *name == kernel.name) {
            Some((name, twin, test)) => {
                assert!(test.contains(twin), "{name} is not compared with {twin}..)");
                assert!(!played.contains(name), "{name} plays an op");
            }
            None => {
                let seen = played.contains(kernel.name) || lacks(kernel.name);
                assert!(seen, "no problem of the suite was played by {}", kernel.name);
            }
        }
    }
}

/// Every problem, or in CI, where two cores compile each kernel anew, every third: for rounds whose kernels another round plays on all of them.
fn thinned() -> usize {
    if std::env::var_os("CI").is_some_and(|v| v == "true") { 3 } else { 1 }
}

/// Every problem, or every second, third, ..
fn run_suite(precision: Precision, every: usize, ways: impl Fn(&Gpu, &Problem) -> Vec<ProgramOptions>) -> Played {
    let gpu = gpu(precision);
    println!("adapter: {:?}", gpu.report());
    let ways = |problem: &Problem| ways(&gpu, problem);
    let problems: Vec<Problem> = suite().into_iter().step_by(every).collect();
    let (played, ..) = pollster::block_on(play(&gpu, &problems, precision, ways, &mut |_| {}));
    let Played { count, worst, skipped, failures, .. } = &played;
    skipped.iter().for_each(|why| println!("{why}"));
    println!("{count} problems, none off by more than {worst:.2e}");
    assert!(
        (*count > 50 / every || *count == 0 && !skipped.is_empty()) && failures.is_empty(),
        "{} of {count} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
    played
}

fn run_round(round: Round, precision: Precision) -> Played {
    run_suite(precision, 1, |gpu, problem| round.ways(gpu, problem, precision))
}

#[test]
fn every_variant_agrees_with_the_oracle_at_every_node() {
    let gpu = gpu(Precision::F32);
    let played = run_round(Round::EveryRung, Precision::F32);
    let there = |v: &Variant| there_is(*v, &gpu, Precision::F32).inspect_err(|why| println!("{why}")).is_ok();
    let able = Variant::ALL.iter().copied().filter(there);
    assert_eq!(played.rungs, able.collect(), "some rungs were never taken");
    every_kernel_has_been_compared(&played.kernels, &gpu);
}

#[test]
fn slots_that_are_used_again_change_nothing() {
    run_round(Round::SlotsAgain, Precision::F32);
}

#[test]
#[ignore = "long"]
fn kernels_agree_with_their_bounds_checks_on() {
    run_round(Round::Checked, Precision::F32);
}

#[test]
#[ignore = "long"]
fn pictures_of_a_batch_do_not_mix() {
    run_round(Round::Batch, Precision::F32);
}

#[test]
fn rungs_that_a_card_would_take_agree() {
    run_round(Round::AsCard, Precision::F32);
    run_suite(Precision::F16, thinned(), |gpu, problem| Round::AsCard.ways(gpu, problem, Precision::F16));
}

#[test]
fn kernels_agree_in_f16() {
    run_round(Round::Guessed, Precision::F16);
}

/// A rung of its own in f16. Few drivers have cooperative matrices: what is not there is skipped by name.
fn in_f16(variant: Variant, channels: usize, every: usize) {
    let precision = Precision::F16;
    let options =
        |checked| ProgramOptions { precision, conv: Some(variant), keep: Keep::All, checked, ..Default::default() };
    run_suite(precision, every, |_, problem| {
        let convolves = problem.kernels.iter().any(|k| k.starts_with("conv"));
        if !convolves || problem.only_f32 {
            return vec![];
        }
        vec![ProgramOptions { batch: 2, ..options(false) }, options(true)]
    });
    let gpu = gpu(precision);
    if there_is(variant, &gpu, precision).is_ok() {
        // What the suite has proved is this rung, and not the guess that it is left for.
        let mut builder = Builder::new(Shape::new(channels, 4, 4)).unwrap();
        let op = Op::Conv(problems::conv(8, 3, 1));
        let node = builder.add("conv", None, op, &[NodeId(0)]).unwrap();
        let weights = NodeParams::Conv { weights: vec![0.0; 8 * channels * 9], bias: Some(vec![0.0; 8]) };
        let params = Params(vec![None, Some(weights)]);
        let program = pollster::block_on(checks::program(&gpu, &builder.finish(), params, &options(false)));
        assert_eq!(program.unwrap().rung(node), Some(variant));
    }
}

#[test]
fn packed_sums_agree_in_f16() {
    in_f16(Variant::Packed64, 8, 1);
}

#[test]
#[ignore = "long"]
fn packed_sums_of_large_tiles_agree_in_f16() {
    in_f16(Variant::Packed128, 8, thinned());
}

#[test]
#[ignore = "long"]
fn shared_packed_sums_agree_in_f16() {
    in_f16(Variant::SplitPacked, 32, thinned());
}

#[test]
fn cooperative_matrices_of_8x8_agree_in_f16() {
    in_f16(Variant::Coop8, 8, 1);
}

#[test]
fn shared_sums_of_cooperative_matrices_of_8x8_agree_in_f16() {
    in_f16(Variant::SplitCoop8, 32, 1);
}

#[test]
fn cooperative_matrices_of_16x16_agree_in_f16() {
    in_f16(Variant::Coop16, 8, 1);
}

#[test]
fn shared_sums_of_cooperative_matrices_of_16x16_agree_in_f16() {
    in_f16(Variant::SplitCoop16, 64, 1);
}

#[test]
fn mish_is_finite_for_all_finite_inputs() {
    let mut builder = Builder::new(Shape::new(4, 64, 64)).unwrap();
    let node = builder.add("mish", None, Op::Activation(Activation::Mish), &[NodeId(0)]).unwrap();
    let graph = builder.finish();
    let data = (0..4 * 64 * 64).map(|i| (i as f32 - 8192.0) * 0.05).collect();
    let mut input = Tensor::new(Shape::new(4, 64, 64), data).unwrap();
    input.data[..6].copy_from_slice(&[-1e30, -1e4, 88.0, 89.0, 1e4, 1e30]);
    let options = ProgramOptions { keep: Keep::All, ..Default::default() };
    let gpu = gpu(Precision::F32);
    let mut program = pollster::block_on(checks::program(&gpu, &graph, Params::default(), &options)).unwrap();
    let got = pollster::block_on(program.play(&input, &[node])).unwrap().nodes.remove(&node).unwrap();
    assert!(got.data.iter().all(|v| v.is_finite()), "mish gave {:?}", &got.data[..6]);
}

#[test]
fn letterbox_agrees_with_the_oracle_in_every_mode() {
    let checked = pollster::block_on(checks::letterboxes(&gpu(Precision::F32)));
    assert!(checked.as_ref().is_ok_and(|n| *n > 50), "{checked:?}");
}

fn boxes(graph: &Graph, input: &Tensor, thresholds: &Thresholds) -> (Vec<Candidate>, Vec<Candidate>) {
    pollster::block_on(checks::boxes(&gpu(Precision::F32), graph, input, thresholds, &[])).unwrap()
}

fn same(got: &[Candidate], want: &[Candidate], what: &str) {
    checks::same(got, want).unwrap_or_else(|e| panic!("{what}: {e}"));
}

#[test]
fn boxes_agree_with_the_oracle() {
    let checked = pollster::block_on(checks::every_head(&gpu(Precision::F32)));
    assert!(checked.as_ref().is_ok_and(|n| *n == 24), "{checked:?}");
}

#[test]
fn zero_candidates_and_every_candidate() {
    let graph = head_graph((10, 10), 4, 8, false);
    let shape = graph.input_shape();
    let (none, want) =
        boxes(&graph, &Tensor { shape, data: vec![-30.0; shape.elements()] }, &thresholds(0.5, NmsKind::Iou, false));
    assert!(none.is_empty() && want.is_empty());
    // 3,200 candidates, all of one score: more than the first room, and nothing but ties.
    let mut random = Random::new(5);
    let mut input = Tensor { shape, data: vec![1.0; shape.elements()] };
    for a in 0..4 {
        for k in 0..4 {
            let start = (a * 13 + k) * 100;
            input.data[start..start + 100].iter_mut().for_each(|v| *v = random.signed());
        }
    }
    let (got, want) = boxes(&graph, &input, &thresholds(0.1, NmsKind::Iou, false));
    same(&got, &want, "ties");
    assert!(want.len() > 100, "{}", want.len());
    assert!(got.windows(2).all(|p| p[0].score > p[1].score || (p[0].score == p[1].score && p[0].index <= p[1].index)));
}

#[test]
fn tens_of_thousands_of_one_class() {
    // Beyond 65,535 rounds of a loop llvmpipe leaves it; the kernel must not need as many.
    let graph = head_graph((100, 100), 3, 1, false);
    let shape = graph.input_shape();
    let mut random = Random::new(23);
    let input = Tensor { shape, data: (0..shape.elements()).map(|_| random.signed() * 2.0).collect() };
    let (got, want) = boxes(&graph, &input, &thresholds(1e-6, NmsKind::Diou { beta: 0.6 }, false));
    same(&got, &want, "one class");
    assert!(want.len() > 3000, "{}", want.len());
}

#[test]
fn one_box_may_have_several_classes() {
    let graph = head_graph((1, 1), 1, 3, false);
    let input = Tensor { shape: graph.input_shape(), data: vec![0.0, 0.0, 0.0, 0.0, 9.0, 4.0, -20.0, 3.0] };
    let (got, _) = boxes(&graph, &input, &thresholds(0.25, NmsKind::Iou, false));
    assert_eq!(got.iter().map(|c| c.class).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn numbers_of_boxes_times_classes_may_be_beyond_32_bits() {
    // Two boxes at one place with one score: one among 136,900 of a head of one class, and one behind all of them that has
    // two of 31,600 classes.
    let (side, classes, cell) = (370, 31_600, 185 * 370 + 185);
    let mut builder = Builder::new(Shape::new(6, side, side)).unwrap();
    let fine = builder.add("fine", None, Op::Activation(Activation::Leaky(0.5)), &[NodeId(0)]).unwrap();
    let conv = Op::Conv(problems::conv(5 + classes, 1, side));
    let coarse = builder.add("coarse", None, conv, &[NodeId(0)]).unwrap();
    for (input, classes) in [(fine, 1), (coarse, classes)] {
        let anchors = vec![(16.0, 16.0)];
        let head = Head { input, layer: 1, anchors, classes, scale_x_y: 1.0, new_coords: false };
        builder.head("head", head).unwrap();
    }
    let graph = builder.finish();
    let mut bias = vec![-15.0; 5 + classes];
    bias[..6].copy_from_slice(&[0.0, 0.0, 0.0, 0.0, 3.0, 3.0]);
    bias[5 + 31_000] = 3.0;
    let weights = NodeParams::Conv { weights: vec![0.0; (5 + classes) * 6], bias: Some(bias) };
    let params = Params(vec![None, None, Some(weights)]);
    let gpu = gpu(Precision::F32);
    let mut program = pollster::block_on(checks::program(&gpu, &graph, params, &ProgramOptions::default())).unwrap();
    let mut input = Tensor { shape: graph.input_shape(), data: vec![-30.0; 6 * side * side] };
    let mut kept = |fine: bool, agnostic: bool| {
        for (channel, value) in [0.0, 0.0, 0.0, 0.0, if fine { 3.0 } else { -30.0 }, 3.0].into_iter().enumerate() {
            input.data[channel * side * side + cell] = value;
        }
        let thresholds = thresholds(0.25, NmsKind::Iou, agnostic);
        let got = pollster::block_on(program.detect(&input, &thresholds)).unwrap();
        let heads = pollster::block_on(program.play(&input, &[])).unwrap().heads;
        same(
            &got,
            &oracle::nms(oracle::decode(&graph, &heads, thresholds.score_threshold, &[]), &thresholds),
            "both heads",
        );
        got.iter().map(|c| (c.index as usize, c.class)).collect::<Vec<_>>()
    };
    let last = side * side;
    assert_eq!(kept(true, false), [(cell, 0), (last, 31_000)]);
    assert_eq!(kept(true, true), [(cell, 0)]);
    assert_eq!(kept(false, false), [(last, 0), (last, 31_000)]);
    assert_eq!(kept(false, true), [(last, 0)], "of one box's classes the lower");
}
