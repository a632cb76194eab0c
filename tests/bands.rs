//! Values too large for one binding, cut by channels: the same numbers as uncut ones, and where nobody can cut an error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use yolov4::{
    Error, Gpu, Precision,
    low_level::{
        gpu::{GpuOptions, Pipelines, Program, ProgramOptions, RungBenchmark, Tune},
        graph::{
            Activation, Conv, Graph, Head, Keep, LocalAvgPool, NodeId, Op, Params, Pool, Target, Upsample,
            bands::bands,
            compile::{Compiled, compile},
            explain,
            place::Join,
            plan::Plan,
        },
        kernels::conv::Variant,
        model::{Model, random::Random, scaled::Recipe},
        oracle,
        tensor::Tensor,
    },
};
use yolov4_suite::{
    checks,
    problems::{EXACT, Net, Problem, SUMS, compare, conv},
};

const MIB: usize = 1 << 20;

fn gpu() -> Gpu {
    pollster::block_on(Gpu::new(&GpuOptions::default())).expect("a GPU adapter")
}

fn program(gpu: &Gpu, graph: &Graph, params: &Params, options: &ProgramOptions) -> Result<Program, Error> {
    pollster::block_on(checks::program(gpu, graph, params.clone(), options))
}

fn play(program: &mut Program, input: &Tensor, keep: &[NodeId]) -> BTreeMap<NodeId, Tensor> {
    pollster::block_on(program.play(input, keep)).unwrap().nodes
}

/// Rows and columns of every input below: a plane of four channels is 30,976 bytes, more than any weights.
const SIDE: usize = 44;
const PLANE: usize = SIDE * SIDE * 16;

/// A graph of everything that there is, wired at random.
fn random_problem(seed: u64) -> Problem {
    let mut net = Net::new(8, SIDE, SIDE);
    let mut random = Random::new(seed);
    let mut below = |n: usize| random.bits() as usize % n;
    let channels = [6, 8, 8, 12, 16, 20, 24];
    let kinds = [Activation::Leaky(0.1), Activation::Mish, Activation::Logistic];
    let mut all = vec![NodeId(0)];
    while all.len() < 14 {
        let from = all[all.len() - 1 - below(all.len().min(4))];
        let shape = net.builder.shape(from);
        let like: Vec<NodeId> = all.iter().copied().filter(|id| net.builder.shape(*id) == shape).collect();
        let beside = |net: &Net, id: NodeId| (net.builder.shape(id).h, net.builder.shape(id).w) == (shape.h, shape.w);
        let other = like[below(like.len())];
        let (filters, kind) = (channels[below(7)], kinds[below(3)]);
        all.push(match below(16) {
            0..4 => net.layer(from, conv(filters, [1, 3][below(2)], 1), kind),
            4 => net.conv(from, conv(filters, 3, 1 + below(2))),
            5 => net.conv(from, Conv { groups: shape.c, ..conv(shape.c, 3, 1) }),
            6 if shape.c.is_multiple_of(4) => {
                net.layer(from, Conv { groups: shape.c / 4, ..conv(shape.c, 1, 1) }, kind)
            }
            7 => {
                let sum = net.layer(from, conv(shape.c, 1, 1), kind);
                net.op(Op::Add, &[sum, other], None)
            }
            8 => {
                let beside: Vec<NodeId> = all.iter().copied().filter(|id| beside(&net, *id)).collect();
                let addends = [from, beside[below(beside.len())], beside[below(beside.len())]];
                net.op(Op::Add, &addends[..2 + below(2)], None)
            }
            9 => net.op(Op::Mul, &[from, other], None),
            10 if shape.c.is_multiple_of(8) => net.slice(from, below(shape.c / 2)),
            10 | 11 if shape.c <= 16 => {
                let beside: Vec<NodeId> = all.iter().copied().filter(|id| beside(&net, *id)).collect();
                let members: Vec<NodeId> =
                    (0..1 + below(2)).map(|_| beside[below(beside.len())]).chain([from]).collect();
                net.op(Op::Concat, &members, None)
            }
            12 if shape.h > 4 => {
                let stride = 1 + below(2);
                net.op(Op::MaxPool(Pool { size: 3, stride_y: stride, stride_x: stride, padding: 2 }), &[from], None)
            }
            13 if shape.h * 2 <= SIDE => net.op(Op::Upsample(Upsample { stride: 2, scale: 1.0 }), &[from], None),
            15 if shape.h > 4 => net.op(Op::LocalAvgPool(LocalAvgPool(Pool::same(2 + below(2)))), &[from], None),
            14 => {
                let mean = net.op(Op::AvgPool, &[from], None);
                net.op(Op::ScaleChannels, &[from, mean], None)
            }
            _ => net.op(Op::Activation(kind), &[from], None),
        });
    }
    net.done(&format!("graph {seed}"), &[], SUMS)
}

/// What is not left to chance: the problem, planes in a binding, and what is cut then.
fn chosen_problems() -> Vec<(Problem, usize, Vec<&'static str>)> {
    let mut all = vec![];
    let mut net = Net::new(3, SIDE, SIDE);
    let x = net.layer(NodeId(0), conv(16, 3, 1), Activation::Mish);
    let pools = [13, 9, 5]
        .map(|size| net.op(Op::MaxPool(Pool { size, stride_y: 1, stride_x: 1, padding: size - 1 }), &[x], None));
    let joined = net.op(Op::Concat, &[pools[0], pools[1], pools[2], x], None);
    net.layer(joined, conv(8, 1, 1), Activation::Mish);
    all.push((net.done("spp", &[], SUMS), 4, vec!["max_pool 16"; 3]));
    // Residuals of a value of bands, by name and by the kernel's epilogue.
    let mut net = Net::new(3, SIDE, SIDE);
    let stem = net.layer(NodeId(0), conv(24, 3, 1), Activation::Mish);
    let y = net.layer(stem, conv(8, 1, 1), Activation::Mish);
    let y = net.layer(y, conv(24, 3, 1), Activation::Mish);
    let sum = net.op(Op::Add, &[y, stem], None);
    let z = net.layer(sum, conv(24, 3, 2), Activation::Leaky(0.1));
    let up = net.op(Op::Upsample(Upsample { stride: 2, scale: 1.0 }), &[z], None);
    let last = net.op(Op::Concat, &[up, sum], None);
    net.conv(last, conv(8, 3, 1));
    all.push((net.done("residuals", &[], SUMS), 3, vec!["conv 12"; 6]));
    // Members of one concat read each other, and a pool reads it: a stage of yolov4-tiny.
    let leaky = Activation::Leaky(0.1);
    let mut net = Net::new(3, SIDE, SIDE);
    let a = net.layer(NodeId(0), conv(24, 3, 1), leaky);
    let half = net.slice(a, 12);
    let b = net.layer(half, conv(12, 3, 1), leaky);
    let c = net.layer(b, conv(12, 3, 1), leaky);
    let inner = net.op(Op::Concat, &[c, b], None);
    let d = net.layer(inner, conv(24, 1, 1), leaky);
    let outer = net.op(Op::Concat, &[a, d], None);
    let pooled = net.op(Op::MaxPool(Pool { size: 2, stride_y: 2, stride_x: 2, padding: 1 }), &[outer], None);
    net.layer(pooled, conv(16, 3, 1), leaky);
    let bands = [["conv 12"; 4], ["max_pool 12"; 4]].concat();
    all.push((net.done("a stage of yolov4-tiny", &[], SUMS), 3, bands));
    // Six members: neighbours are joined as far as they fit.
    let mut net = Net::new(3, SIDE, SIDE);
    let members: Vec<NodeId> = (0..6).map(|_| net.layer(NodeId(0), conv(4, 1, 1), leaky)).collect();
    let joined = net.op(Op::Concat, &members, None);
    net.conv(joined, conv(8, 3, 1));
    all.push((net.done("a concat of six", &[], SUMS), 2, vec!["concat 8"; 3]));
    all
}

fn random_problems(count: u64) -> impl Iterator<Item = Problem> {
    (0..count).map(random_problem).chain(chosen_problems().into_iter().map(|(problem, ..)| problem))
}

/// As played: folded and fused.
fn fused(graph: &Graph, params: &Params) -> (Graph, Params) {
    let Compiled { graph, params, .. } = compile(graph.clone(), params.clone(), &Target::default()).unwrap();
    (graph, params)
}

/// Ops that were cut, by name.
fn cut_kinds(graph: &Graph) -> BTreeSet<&'static str> {
    graph.iter().filter(|(_, node)| node.name.contains(" of ")).map(|(_, node)| node.op.name()).collect()
}

/// The node with a value of the graph as loaded: the last of its origin.
fn standing_for(graph: &Graph, origin: NodeId) -> NodeId {
    graph.iter().filter(|(_, n)| n.origin == origin).map(|(id, _)| id).last().unwrap()
}

#[test]
fn whatever_is_cut_wherever_the_values_are_the_same() {
    let (mut fitting, mut cut) = (0, BTreeSet::new());
    for problem in random_problems(150) {
        let (whole, params) = fused(&problem.graph, &problem.params);
        let ids: Vec<NodeId> = whole.iter().map(|(id, _)| id).collect();
        let want = oracle::play(&whole, &params, &problem.input, &ids).unwrap();
        for planes in 1..6 {
            let limit = planes * PLANE / 16;
            let (graph, cut_params) = bands(whole.clone(), params.clone(), limit);
            let ids: Vec<NodeId> = whole.iter().map(|(_, node)| standing_for(&graph, node.origin)).collect();
            let got = oracle::play(&graph, &cut_params, &problem.input, &ids).unwrap();
            for ((old, node), id) in whole.iter().zip(&ids) {
                compare(&got[id], &want[&old], EXACT)
                    .unwrap_or_else(|e| panic!("{}, {planes} planes: {}: {e}", problem.name, node.name));
            }
            let plan = Plan::new(&graph, &Target { keep: Keep::All, ..within(limit) });
            if graph != whole && plan.slots.iter().all(|slot| slot.vectors <= limit) {
                fitting += 1;
                cut.extend(cut_kinds(&graph));
            }
        }
    }
    println!("{fitting} cuts that fit, of {cut:?}");
    assert!(fitting > 200, "only {fitting} of 750 graphs fit once they were cut");
    let kinds = [
        "activation",
        "avg_pool",
        "concat",
        "conv",
        "local_avg_pool",
        "max_pool",
        "sam",
        "scale_channels",
        "shortcut",
        "upsample",
    ];
    assert!(kinds.iter().all(|kind| cut.contains(kind)), "{cut:?}");
}

/// Plays a problem uncut and in bindings of so many planes, every node of it, and returns the cut program; none if it
/// cannot be cut like that, and then the error names a node.
fn agree(gpu: &Gpu, problem: &Problem, planes: usize) -> Option<Program> {
    let Problem { name, graph, params, input, tolerance, .. } = problem;
    // The same rung everywhere: whether Winograd fits depends on the binding.
    let exact = ProgramOptions { conv: Some(Variant::Direct), keep: Keep::All, ..Default::default() };
    let banded = ProgramOptions { binding_bytes: Some(planes * PLANE), ..exact.clone() };
    let free = ProgramOptions { conv: None, ..banded.clone() };
    let mut cut = match program(gpu, graph, params, &banded) {
        Ok(program) => program,
        Err(Error::Limit { node, .. }) => {
            assert!(graph.iter().any(|(_, n)| n.name == node), "{name}: {node} is no node");
            return None;
        }
        Err(other) => panic!("{name}: {other}"),
    };
    let mut uncut = program(gpu, graph, params, &exact).unwrap();
    let origins = uncut.origins();
    assert_eq!(cut.origins(), origins, "{name}");
    let expected = oracle::play(graph, params, input, &origins).unwrap();
    let (want, got) = (play(&mut uncut, input, &origins), play(&mut cut, input, &origins));
    let by_any_rung = play(&mut program(gpu, graph, params, &free).unwrap(), input, &origins);
    for id in &origins {
        let what = |e: String| panic!("{name}, {planes} planes: {}: {e}", graph.node(*id).name);
        compare(&got[id], &want[id], EXACT).unwrap_or_else(what);
        compare(&by_any_rung[id], &expected[id], *tolerance).unwrap_or_else(what);
    }
    Some(cut)
}

#[test]
fn on_the_gpu_bands_are_the_uncut_values_and_the_oracles() {
    let gpu = gpu();
    let (mut played, mut cut) = (0, BTreeSet::new());
    for seed in 0..24 {
        if let Some(program) = agree(&gpu, &random_problem(seed), 1 + seed as usize % 3) {
            played += 1;
            cut.extend(cut_kinds(program.graph()));
        }
    }
    println!("{played} played, of {cut:?}");
    assert!(played >= 8 && cut.len() >= 7, "{played} played, of {cut:?}");
}

/// Ops of the nodes that were cut and of the bands, in order, with their channels.
fn told(graph: &Graph) -> Vec<String> {
    let cut = graph.iter().filter(|(_, node)| node.name.contains(" of "));
    cut.map(|(_, node)| format!("{} {}", node.op.name(), node.shape.c)).collect()
}

#[test]
fn each_kind_of_node_is_cut_as_it_should_be() {
    let gpu = gpu();
    for (problem, planes, bands) in chosen_problems() {
        let Some(program) = agree(&gpu, &problem, planes) else { panic!("{} was not cut", problem.name) };
        let bytes = program.plan().slots.iter().map(|slot| slot.vectors * 16);
        assert!(bytes.max().unwrap() <= planes * PLANE, "{}", problem.name);
        assert_eq!(told(program.graph()), bands, "{}", problem.name);
    }
}

/// A network of the family, shallow, and of two stages less if there is a choice.
fn shallow(name: &str, width: f32, size: usize) -> Model {
    let mut recipe = Recipe::named(name).unwrap();
    (recipe.width, recipe.depth, recipe.size, recipe.classes) = (width, 0.1, (size, size), 2);
    if name == "yolov4-p5" {
        recipe.set_stages(4).unwrap();
    }
    recipe.network().unwrap()
}

/// `|got - want| / |want|`, as `yolov4 check` compares.
fn apart(got: &Tensor, want: &Tensor) -> f64 {
    let square = |a: &mut dyn Iterator<Item = f64>| a.map(|v| v * v).sum::<f64>();
    let pairs = got.data.iter().zip(&want.data).map(|(g, w)| (f64::from(*g), f64::from(*w)));
    (square(&mut pairs.clone().map(|(g, w)| g - w)) / square(&mut pairs.map(|(_, w)| w))).sqrt()
}

#[test]
#[ignore = "long"]
fn networks_of_the_family_are_the_uncut_ones_and_the_oracles() {
    let gpu = gpu();
    // Name, width, size; planes of the input that a binding holds, and what is cut.
    let cases: [(&str, f32, usize, usize, &[&str]); 3] = [
        ("yolov4-tiny", 1.0, 768, 1, &["conv 16", "conv 16", "max_pool 64", "max_pool 64"]),
        ("yolov4-csp", 0.5, 416, 2, &["conv 8"; 4]),
        (
            "yolov4-p5",
            0.5,
            544,
            1,
            &["conv 4", "conv 4", "conv 4", "conv 4", "conv 16", "conv 16", "conv 16", "conv 16"],
        ),
    ];
    for (name, width, size, planes, bands) in cases {
        let network = shallow(name, width, size);
        let (graph, params) = (&network.graph, network.random_params(3));
        let shape = graph.input_shape();
        let mut random = Random::new(1);
        let input = Tensor { shape, data: (0..shape.elements()).map(|_| random.signed().abs()).collect() };
        // A value that is cut, to come back whole.
        let first = fused(graph, &params).0.nodes[1].origin;
        let keep = Keep::Nodes(vec![first]);
        // A rung that every adapter has and every convolution takes.
        let options = ProgramOptions { conv: Some(Variant::Lanes), keep, ..Default::default() };
        let binding_bytes = Some(planes * size * size * 16);
        let mut uncut = program(&gpu, graph, &params, &options).unwrap();
        let mut cut = program(&gpu, graph, &params, &ProgramOptions { binding_bytes, ..options }).unwrap();
        assert_eq!(told(cut.graph()), bands, "{name}");
        let want = pollster::block_on(uncut.play(&input, &[first])).unwrap();
        let got = pollster::block_on(cut.play(&input, &[first])).unwrap();
        assert_eq!(got.nodes[&first].shape, graph.node(first).shape, "{name}");
        assert!(got == want, "{name}: the heads or the first value differ");
        // The first is ten times the work of the others.
        if name != "yolov4-tiny" {
            let heads: Vec<NodeId> = graph.heads.iter().map(|h| h.input).collect();
            let expected = oracle::play(graph, &params, &input, &heads).unwrap();
            for (head, got) in heads.iter().zip(&got.heads) {
                let apart = apart(got, &expected[head]);
                println!("{name}: {apart}");
                assert!(apart < 1e-5, "{name}: {apart}");
            }
        }
    }
}

#[test]
fn a_device_of_small_buffers_gives_back_every_value_whole() {
    let limits = wgpu::Limits {
        max_storage_buffer_binding_size: 3 * PLANE as u64,
        max_buffer_size: 4 * PLANE as u64,
        ..Default::default()
    };
    let gpu = pollster::block_on(async {
        let instance = wgpu::Instance::default();
        let adapter = instance.request_adapter(&wgpu::RequestAdapterOptions::default()).await.expect("a GPU adapter");
        let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
        let (device, queue) = adapter.request_device(&descriptor).await.unwrap();
        Gpu::from_device(device, queue)
    });
    let (problem, ..) = chosen_problems().swap_remove(1);
    // Rungs are measured within the limits too.
    for tune in [Tune::Off, Tune::Full] {
        let options = ProgramOptions { keep: Keep::All, tune, ..Default::default() };
        pollster::block_on(checks::check(&gpu, &problem, &options, problem.tolerance)).unwrap();
    }
    // A shape that no plan has cut is cut where it is measured: four planes of which three fit.
    let mut net = Net::new(16, SIDE, SIDE);
    let x = net.conv(NodeId(0), conv(4, 3, 1));
    let problem = net.done("four planes", &[], SUMS).graph.problem(x, 1).unwrap();
    let (mut pipelines, caps) = (Pipelines::new(&gpu, Precision::F32, false), gpu.caps(Precision::F32));
    let trial = RungBenchmark::new(&gpu, &mut pipelines, &caps, &problem, Variant::Lanes);
    pollster::block_on(pollster::block_on(trial).unwrap().run(1)).unwrap();
}

/// Bindings of so many four-channel vectors.
fn within(binding: usize) -> Target {
    Target { binding, ..Target::default() }
}

/// The graph that plays a network where a binding has so many MiB, in f32, and its plan.
fn laid_out(network: &Model, mib: usize) -> (Graph, Plan) {
    let compiled = compile(network.graph.clone(), Params::default(), &within(mib * MIB / 16)).unwrap();
    (compiled.graph, compiled.plan)
}

#[test]
fn a_graph_whose_values_fit_is_left_alone() {
    for name in ["yolov4-tiny", "yolov4-csp", "yolov4-p5"] {
        let network = Recipe::named(name).unwrap().network().unwrap();
        let (whole, params) = fused(&network.graph, &network.random_params(0));
        let largest = whole.nodes.iter().map(|node| node.shape.vectors()).max().unwrap();
        let (graph, same) = bands(whole.clone(), params.clone(), largest);
        assert!(graph == whole && same == params, "{name}");
        let text = |plan| explain::text(&network.graph, &graph, &plan, Precision::F32);
        let (bound, free) = (Plan::new(&graph, &within(largest)), Plan::new(&whole, &Target::default()));
        assert_eq!(text(bound), text(free), "{name}");
        // One vector less, and it is not.
        assert_ne!(bands(whole.clone(), params, largest - 1).0.nodes.len(), whole.nodes.len(), "{name}");
    }
}

#[test]
fn p6_and_p7_fit_the_default_limit_of_webgpu_at_their_own_sizes() {
    let p6 = Recipe::named("yolov4-p6").unwrap().network().unwrap();
    let (graph, plan) = laid_out(&p6, 128);
    assert_eq!(told(&graph), ["conv 16", "conv 16"]);
    assert_eq!(graph.nodes[3].name, "layer 0 [convolutional]");
    assert_eq!(graph.nodes[1].name, "layer 0 [convolutional] (1 of 2)");
    assert_eq!(plan.joins[&NodeId(3)], Join::Gathered);
    assert!(plan.slots.iter().all(|slot| slot.vectors * 16 <= 128 * MIB));
    let p7 = Recipe::named("yolov4-p7").unwrap().network().unwrap();
    let (graph, plan) = laid_out(&p7, 128);
    // 40 channels at full size, 80 at half; the concat of layer 9 has two members that fit.
    assert_eq!(told(&graph), ["conv 12", "conv 12", "conv 12", "conv 4", "conv 40", "conv 40", "conv 40", "conv 40"]);
    let gathered = plan.joins.iter().filter(|(_, join)| **join == Join::Gathered).map(|(id, _)| &graph.node(*id).name);
    let layers = [0, 1, 9, 10].map(|n| format!("layer {n} [{}]", if n == 9 { "route" } else { "convolutional" }));
    assert_eq!(gathered.collect::<Vec<_>>(), layers.iter().collect::<Vec<_>>());
    assert!(plan.slots.iter().all(|slot| slot.vectors * 16 <= 128 * MIB));
    // Bands are smaller stones to pack: no more memory than without a limit.
    let whole = laid_out(&p7, 4096).1;
    assert!(plan.peak_bytes(4) <= whole.peak_bytes(4) && plan.lower_bound_bytes(4) <= whole.lower_bound_bytes(4));
}

/// What a program in bindings of so many planes is refused with.
fn refused(gpu: &Gpu, problem: &Problem, planes: usize) -> String {
    let options = ProgramOptions { binding_bytes: Some(planes * PLANE), ..Default::default() };
    match program(gpu, &problem.graph, &problem.params, &options) {
        Err(error @ Error::Limit { .. }) => error.to_string(),
        other => panic!("{}: {:?}", problem.name, other.map(|p| told(p.graph()))),
    }
}

#[test]
fn what_nobody_can_cut_is_refused_by_name_with_a_size_that_fits() {
    let gpu = gpu();
    let mut wide = Net::new(3, SIDE, SIDE);
    let x = wide.layer(NodeId(0), conv(36, 3, 1), Activation::Mish);
    wide.conv(x, conv(8, 3, 1));
    let wide = wide.done("nine planes", &[], SUMS);
    assert!(agree(&gpu, &wide, 3).is_some(), "three bands of three planes");
    // Two planes a band would be five bands; 36 channels of 38 x 38 are four bands, in f16 nine planes are three.
    let error = refused(&gpu, &wide, 2);
    let expected =
        "conv: its value needs 0.3 MB in one binding, this adapter allows 0.1 MB; try size 35 or precision f16";
    assert_eq!(error, expected);
    // A seam after twelve channels is one of groups of six, but not of groups of nine.
    let in_groups = |groups| {
        let mut net = Net::new(4, SIDE, SIDE);
        let x = net.layer(NodeId(0), conv(18, 1, 1), Activation::Mish);
        net.conv(x, Conv { groups, ..conv(18, 1, 1) });
        net.done("groups", &[], SUMS)
    };
    assert!(agree(&gpu, &in_groups(3), 3).is_some(), "groups of six");
    let error = refused(&gpu, &in_groups(2), 3);
    assert!(error.starts_with("conv: its value needs 0.2 MB in one binding"), "{error}");
    // Whoever reads boxes reads one buffer.
    let mut builder = Net::new(3, SIDE, SIDE);
    let x = builder.conv(NodeId(0), conv(14, 1, 1));
    let mut head = builder.done("a head", &[], SUMS);
    let anchors = vec![(4.0, 6.0), (9.0, 8.0)];
    head.graph.heads.push(Head { input: x, layer: 1, anchors, classes: 2, scale_x_y: 1.0, new_coords: false });
    let error = refused(&gpu, &head, 3);
    assert!(error.starts_with("conv: its value needs 0.1 MB in one binding"), "{error}");
    assert!(error.ends_with("; try size 38 or precision f16"), "{error}");
    // The input is one plane of vectors.
    let options = ProgramOptions { binding_bytes: Some(PLANE - 16), ..Default::default() };
    let error = program(&gpu, &head.graph, &head.params, &options).unwrap_err().to_string();
    assert!(error.starts_with("input: its value needs"), "{error}");
}
