//! Every kernel, every variant, against its twin on the CPU. Without an adapter these tests fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;
#[path = "common/problems.rs"]
mod problems;

use std::collections::BTreeSet;

use problems::{Problem, Tolerance, compare, suite};
use yolov4::{
    Gpu, Picture, Precision, ResizeMode,
    low_level::{
        gpu::{GpuOptions, Input, Needs, Program, ProgramOptions},
        graph::{Activation, Builder, Graph, Head, NmsKind, NodeId, Op, Params, plan::Keep},
        kernels::{
            CATALOGUE,
            conv::Variant,
            decode::{Candidate, Thresholds},
            letterbox::Placement,
        },
        model::random::Random,
        oracle,
        tensor::{Shape, Tensor},
    },
};

fn gpu(precision: Precision) -> Gpu {
    let needs = Needs { precision, ..Needs::default() };
    pollster::block_on(Gpu::new(&GpuOptions { needs, ..GpuOptions::default() })).expect("a GPU adapter")
}

fn program(gpu: &Gpu, graph: &Graph, params: Params, options: &ProgramOptions) -> yolov4::Result<Program> {
    pollster::block_on(Program::new(gpu, graph, params, options, &mut |_, _| {}))
}

/// Kernels that have problems of their own below or in the suite; `tests/floors.rs` reads this list too.
const COVERED: &[&str] = &[
    "activation",
    "avg_pool",
    "concat",
    "conv_depthwise",
    "conv_direct",
    "conv_lanes",
    "conv_tiled",
    "decode",
    "letterbox",
    "max_pool",
    "nms",
    "rank",
    "sam",
    "scale_channels",
    "shortcut",
    "sort",
    "sort_merge",
    "spp",
    "to_rgba",
    "upsample",
];

#[test]
fn every_kernel_is_covered() {
    let in_suite: BTreeSet<&str> = suite().iter().flat_map(|p| p.kernels).copied().collect();
    let below = ["decode", "letterbox", "nms", "rank", "sort", "sort_merge", "to_rgba"];
    for kernel in CATALOGUE {
        assert!(in_suite.contains(kernel.name) || below.contains(&kernel.name), "{} has no problem", kernel.name);
        assert!(COVERED.contains(&kernel.name));
    }
}

/// Plays a problem on the GPU and returns the first node that differs from the oracle.
fn check(gpu: &Gpu, problem: &Problem, options: &ProgramOptions, tolerance: Tolerance) -> Result<(), String> {
    let values = |e: yolov4::Error| e.to_string();
    let mut program = program(gpu, &problem.graph, problem.params.clone(), options).map_err(values)?;
    let last = NodeId(problem.graph.nodes.len() - 1);
    let keep = if options.keep == Keep::All { program.origins() } else { vec![last] };
    let got = pollster::block_on(program.play(&problem.input, &keep)).map_err(values)?.nodes;
    let want = oracle::play(&problem.graph, &problem.params, &problem.input, &keep).map_err(values)?;
    for (id, want) in &want {
        compare(&got[id], want, tolerance).map_err(|e| format!("{}: {e}", problem.graph.node(*id).name))?;
    }
    Ok(())
}

fn run_suite(precision: Precision, options: impl Fn(&Problem) -> Vec<ProgramOptions>) {
    let gpu = gpu(precision);
    println!("adapter: {:?}", gpu.report());
    let mut failures = Vec::new();
    let mut count = 0;
    for problem in suite() {
        for options in options(&problem) {
            let tolerance = match precision {
                Precision::F32 => problem.tolerance,
                // Values and weights are rounded to 11 bits at every store; sums of them add up.
                Precision::F16 => Tolerance { abs: 2e-2 + 4.0 * problem.tolerance.abs, rel: 2e-2 },
            };
            count += 1;
            if let Err(e) = check(&gpu, &problem, &options, tolerance) {
                failures.push(format!("{} ({:?}, {:?}): {e}", problem.name, options.conv, options.keep));
            }
        }
    }
    println!("{count} problems");
    assert!(count > 50 && failures.is_empty(), "{} of {count} failed:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_variant_agrees_with_the_oracle_at_every_node() {
    run_suite(Precision::F32, |problem| {
        let convolves = problem.kernels.iter().any(|k| k.starts_with("conv"));
        let variants: Vec<Option<Variant>> =
            if convolves { Variant::ALL.iter().copied().map(Some).collect() } else { vec![None] };
        variants.into_iter().map(|conv| ProgramOptions { conv, keep: Keep::All, ..Default::default() }).collect()
    });
}

#[test]
fn slots_that_are_used_again_change_nothing() {
    run_suite(Precision::F32, |problem| {
        let last = NodeId(problem.graph.nodes.len() - 1);
        vec![ProgramOptions { keep: Keep::Nodes(vec![last]), ..Default::default() }]
    });
}

#[test]
fn kernels_agree_with_their_bounds_checks_on() {
    run_suite(Precision::F32, |_| vec![ProgramOptions { checked: true, keep: Keep::All, ..Default::default() }]);
}

#[test]
fn kernels_agree_in_f16() {
    run_suite(Precision::F16, |problem| {
        // 1e4 squared is beyond f16.
        if problem.name.contains("huge") {
            return vec![];
        }
        vec![ProgramOptions { precision: Precision::F16, keep: Keep::All, ..Default::default() }]
    });
}

#[test]
fn mish_is_finite_for_all_finite_inputs() {
    let mut builder = Builder::new(Shape::new(4, 64, 64)).unwrap();
    let node = builder.add("mish", None, Op::Activation(Activation::Mish), &[NodeId(0)], None).unwrap();
    let graph = builder.finish();
    let data = (0..4 * 64 * 64).map(|i| (i as f32 - 8192.0) * 0.05).collect();
    let mut input = Tensor::new(Shape::new(4, 64, 64), data).unwrap();
    input.data[..6].copy_from_slice(&[-1e30, -1e4, 88.0, 89.0, 1e4, 1e30]);
    let options = ProgramOptions { keep: Keep::All, ..Default::default() };
    let mut program = program(&gpu(Precision::F32), &graph, Params::default(), &options).unwrap();
    let got = pollster::block_on(program.play(&input, &[node])).unwrap().nodes.remove(&node).unwrap();
    assert!(got.data.iter().all(|v| v.is_finite()), "mish gave {:?}", &got.data[..6]);
}

fn picture(width: usize, height: usize) -> Picture {
    let mut random = Random::new((width * 1000 + height) as u64);
    Picture { width, height, rgba: (0..width * height * 4).map(|_| random.bits() as u8).collect() }
}

#[test]
fn letterbox_agrees_with_the_oracle_in_every_mode() {
    let gpu = gpu(Precision::F32);
    let canvas = Shape::new(3, 24, 32);
    let graph = Builder::new(canvas).unwrap().finish();
    let options = ProgramOptions { keep: Keep::All, ..Default::default() };
    let mut program = program(&gpu, &graph, Params::default(), &options).unwrap();
    for (w, h) in [(32, 24), (64, 48), (17, 40), (100, 7), (1, 1), (1, 9), (9, 1), (31, 23), (500, 300)] {
        let picture = picture(w, h);
        for mode in [ResizeMode::DarknetFile, ResizeMode::DarknetVideo, ResizeMode::Pytorch] {
            for letterbox in [false, true] {
                let placement = Placement::new(mode, letterbox, w, h, canvas);
                let input = Input::Picture(&picture, &placement);
                let got = pollster::block_on(program.play(input, &[NodeId(0)])).unwrap().nodes.remove(&NodeId(0));
                let want = oracle::letterbox(&picture, &placement);
                // Positions are f32 in both; a driver may contract a multiplication and an addition.
                let tolerance = Tolerance { abs: 2e-5, rel: 0.0 };
                compare(&got.unwrap(), &want, tolerance)
                    .unwrap_or_else(|e| panic!("{w}x{h} {mode:?} letterbox {letterbox}: {e}"));
            }
        }
    }
}

/// A graph whose heads are its input, sliced: any head tensor can be fed in.
fn head_graph(grid: (usize, usize), anchors: usize, classes: usize, new_coords: bool) -> Graph {
    let channels = anchors * (5 + classes);
    let mut builder = Builder::new(Shape::new(channels, grid.0, grid.1)).unwrap();
    let kind = if new_coords { Activation::Logistic } else { Activation::Leaky(0.5) };
    let value = builder.add("head", None, Op::Activation(kind), &[NodeId(0)], None).unwrap();
    let anchors = (0..anchors).map(|a| (8.0 + 3.0 * a as f32, 20.0 - 2.0 * a as f32)).collect();
    let scale_x_y = if new_coords { 2.0 } else { 1.05 };
    let head = Head { input: value, layer: 1, anchors, classes, scale_x_y, new_coords };
    builder.head("head", head).unwrap();
    builder.finish()
}

/// The same boxes by (number, class); coordinates and scores but for the last bits of exp.
fn same(got: &[Candidate], want: &[Candidate], what: &str) {
    let key = |c: &Candidate| (c.index, c.class);
    let mut got: Vec<_> = got.to_vec();
    let mut want: Vec<_> = want.to_vec();
    got.sort_by_key(key);
    want.sort_by_key(key);
    let keys = |list: &[Candidate]| list.iter().map(key).collect::<Vec<_>>();
    assert_eq!(keys(&got), keys(&want), "{what}: which boxes there are ({} and {})", got.len(), want.len());
    for (g, w) in got.iter().zip(&want) {
        for (a, b) in [(g.x, w.x), (g.y, w.y), (g.w, w.w), (g.h, w.h), (g.score, w.score)] {
            assert!((a - b).abs() <= 1e-5 * b.abs().max(1.0), "{what}: {g:?} instead of {w:?}");
        }
    }
}

fn boxes(graph: &Graph, input: &Tensor, thresholds: &Thresholds) -> (Vec<Candidate>, Vec<Candidate>) {
    let gpu = gpu(Precision::F32);
    let mut program = program(&gpu, graph, Params::default(), &ProgramOptions::default()).unwrap();
    let got = pollster::block_on(program.detect(input, thresholds)).unwrap();
    // Twice: the second frame finds the room that the first one made.
    assert_eq!(got, pollster::block_on(program.detect(input, thresholds)).unwrap(), "the second frame");
    let heads = pollster::block_on(program.play(input, &[])).unwrap().heads;
    let found = oracle::decode(graph, &heads, thresholds.conf);
    (got, oracle::nms(found, thresholds))
}

fn thresholds(conf: f32, kind: NmsKind, agnostic: bool) -> Thresholds {
    Thresholds { conf, nms: 0.45, kind, agnostic, extent: (0.9, 0.6) }
}

#[test]
fn boxes_agree_with_the_oracle() {
    let mut random = Random::new(3);
    for new_coords in [false, true] {
        for classes in [1, 3, 80] {
            let graph = head_graph((9, 7), 3, classes, new_coords);
            let shape = graph.input_shape();
            let data = (0..shape.elements()).map(|_| random.signed() * 3.0).collect();
            let input = Tensor::new(shape, data).unwrap();
            for (kind, agnostic) in [
                (NmsKind::Iou, false),
                (NmsKind::Diou { beta: 0.6 }, false),
                (NmsKind::Diou { beta: 0.9 }, false),
                (NmsKind::Iou, true),
            ] {
                let (got, want) = boxes(&graph, &input, &thresholds(0.3, kind, agnostic));
                same(
                    &got,
                    &want,
                    &format!("new_coords {new_coords}, {classes} classes, {kind:?}, agnostic {agnostic}"),
                );
                assert!(!want.is_empty());
            }
        }
    }
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
