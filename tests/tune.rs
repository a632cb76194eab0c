//! Tuning: what is measured is kept and used, what cannot be used is told and ignored, and no rung changes the result.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{fs, path::Path};

use yolov4::{
    Detector, Gpu, Picture, PlayerChoice, Precision, TuneChoice,
    low_level::{
        gpu::{Clock, DeviceRequirements, GpuOptions, Pipelines, Program, ProgramOptions, RungBenchmark, Table, Tune},
        graph::{Activation, Builder, Conv, Epilogue, NodeId, NodeParams, Op, Params, Upsample},
        kernels::conv::{Problem, Variant},
        model::random::Random,
        tensor::{Shape, Tensor},
    },
};

/// A 3x3 convolution that every rung but depthwise can do.
fn network() -> (yolov4::low_level::graph::Graph, Params, Tensor) {
    let shape = Shape::new(16, 20, 20);
    let mut random = Random::new(11);
    let mut list = |n: usize, scale: f32| (0..n).map(|_| random.signed() * scale).collect::<Vec<f32>>();
    let mut builder = Builder::new(shape).unwrap();
    let conv = Conv {
        filters: 32,
        size: 3,
        stride_y: 1,
        stride_x: 1,
        pad: 1,
        dilation: 1,
        groups: 1,
        bias: true,
        epilogue: Epilogue::NONE,
    };
    let node = builder.add("conv", None, Op::Conv(conv), &[NodeId(0)]).unwrap();
    builder.add("mish", None, Op::Activation(Activation::Mish), &[node]).unwrap();
    let weights = list(32 * 16 * 9, 0.1);
    let params = Params(vec![None, Some(NodeParams::Conv { weights, bias: Some(list(32, 0.5)) }), None]);
    (builder.finish(), params, Tensor { shape, data: list(shape.elements(), 1.0) })
}

fn program(gpu: &Gpu, options: &ProgramOptions) -> Program {
    let (graph, params, _) = network();
    pollster::block_on(Program::new(gpu, &graph, params, options, &mut |_, _| {})).unwrap()
}

fn gpu() -> Gpu {
    pollster::block_on(Gpu::new(&GpuOptions::default())).expect("a GPU adapter")
}

#[test]
fn every_rung_that_is_able_to_is_measured_and_the_fastest_is_taken() {
    let gpu = gpu();
    let measured = program(&gpu, &ProgramOptions { tune: Tune::Full, ..ProgramOptions::default() });
    let [(shape, entry)] = &measured.tuned().shapes.iter().collect::<Vec<_>>()[..] else {
        panic!("expected one shape, found {:?}", measured.tuned())
    };
    println!("{shape}: {entry:?}");
    for rung in ["lanes", "tiled", "winograd2", "winograd4"] {
        assert!(entry.ms.get(rung).is_some_and(|ms| *ms > 0.0), "{rung} was not measured: {entry:?}");
    }
    let least = entry.ms.values().copied().fold(f64::INFINITY, f64::min);
    // A guess that is as good stays.
    assert!(entry.ms[&entry.rung] <= least / 0.97 + 1e-9, "{entry:?}");
    assert_eq!(measured.rung(NodeId(1)).unwrap().name(), entry.rung);
}

#[test]
fn what_a_table_says_is_done_if_it_is_of_this_adapter() {
    let gpu = gpu();
    let measured = program(&gpu, &ProgramOptions { tune: Tune::Quick, ..ProgramOptions::default() });
    let mut table = measured.tuned().clone();
    for (name, expected) in [("tiled", Some(Variant::Tiled)), ("direct", Some(Variant::Direct)), ("nonsense", None)] {
        table.shapes.values_mut().for_each(|entry| entry.rung = name.to_owned());
        let built = program(&gpu, &ProgramOptions { tuned: table.clone(), ..ProgramOptions::default() });
        let guess = program(&gpu, &ProgramOptions::default()).rung(NodeId(1));
        assert_eq!(built.rung(NodeId(1)), expected.or(guess), "{name}");
        // Nothing is measured that is known; a rung that there is not is not known.
        let again = ProgramOptions { tuned: table.clone(), tune: Tune::Quick, ..ProgramOptions::default() };
        assert_eq!(program(&gpu, &again).tuned() == &table, expected.is_some(), "{name}");
    }
    table.shapes.values_mut().for_each(|entry| entry.rung = "tiled".into());
    let foreign = Table { of: "another adapter".into(), ..table };
    let built = program(&gpu, &ProgramOptions { tuned: foreign, ..ProgramOptions::default() });
    assert_eq!(built.rung(NodeId(1)), program(&gpu, &ProgramOptions::default()).rung(NodeId(1)));
    assert!(built.tuned().shapes.is_empty(), "what was measured elsewhere is not kept");
}

#[test]
fn what_a_program_may_not_bind_is_not_measured_either() {
    let gpu = gpu();
    let measured = |binding_bytes| {
        let options = ProgramOptions { tune: Tune::Full, binding_bytes, ..ProgramOptions::default() };
        let measured = program(&gpu, &options);
        let table = measured.tuned().shapes.values().map(|entry| entry.ms.clone()).collect::<Vec<_>>();
        let [rungs] = &table[..] else { panic!("expected one shape, found {table:?}") };
        // What was measured is what can be taken: the table's best is played, and no guess instead.
        let rung = measured.rung(NodeId(1)).unwrap().name();
        assert_eq!(measured.tuned().shapes.values().map(|entry| entry.rung.as_str()).collect::<Vec<_>>(), [rung]);
        rungs.keys().cloned().collect::<Vec<_>>()
    };
    // Values of 51,200 bytes fit into 64 KiB. What lies between the dispatches of Winograd does not: 100 tiles of 16 points,
    // or 25 of 36, by 8 blocks of 16 bytes; nor do weights padded to 128 filters of 16 channels by 9 taps.
    let large = ["block128", "winograd2", "winograd4"];
    let (all, few) = (measured(None), measured(Some(1 << 16)));
    assert!(large.iter().all(|rung| all.iter().any(|other| other == rung)), "{all:?}");
    let expected: Vec<String> = all.into_iter().filter(|rung| !large.contains(&rung.as_str())).collect();
    assert!(expected.iter().all(|rung| few.contains(rung)) && few.len() == expected.len(), "{few:?}, not {expected:?}");
}

#[test]
fn what_is_written_more_often_or_gathered_is_another_shape() {
    let gpu = gpu();
    let measured = program(&gpu, &ProgramOptions { tune: Tune::Full, ..ProgramOptions::default() });
    let (table, caps) = (measured.tuned(), gpu.caps(Precision::F32));
    let (graph, ..) = network();
    let plain = graph.problem(NodeId(1), 1).unwrap();
    assert!(table.get(&plain, &caps).is_some());
    let others = [
        Problem { upsample: 2, ..plain },
        Problem { parts: 2, ..plain },
        Problem { pictures: 2, ..plain },
        Problem { upsample: 2, parts: 2, ..plain },
    ];
    for other in others {
        assert_eq!(table.get(&other, &caps), None, "{other:?}");
    }
}

/// A layer and its reader joined, so that the last convolution has to bind them one by one; then an upsample.
fn gathering() -> (yolov4::low_level::graph::Graph, Params) {
    let mut random = Random::new(3);
    let mut builder = Builder::new(Shape::new(8, 12, 12)).unwrap();
    let mut params: Vec<Option<NodeParams>> = vec![];
    let plain = Conv {
        filters: 8,
        size: 1,
        stride_y: 1,
        stride_x: 1,
        pad: 0,
        dilation: 1,
        groups: 1,
        bias: true,
        epilogue: Epilogue::NONE,
    };
    let mut conv = |builder: &mut Builder, from: NodeId| {
        let channels = builder.shape(from).c;
        let id = builder.add("conv", None, Op::Conv(plain), &[from]).unwrap();
        params.resize(id.0, None);
        let weights = (0..8 * channels).map(|_| random.signed() * 0.1).collect();
        params.push(Some(NodeParams::Conv { weights, bias: Some(vec![0.0; 8]) }));
        id
    };
    let first = conv(&mut builder, NodeId(0));
    // It would write beside what it reads.
    let second = conv(&mut builder, first);
    let joined = builder.add("concat", None, Op::Concat, &[second, first]).unwrap();
    let last = conv(&mut builder, joined);
    builder.add("upsample", None, Op::Upsample(Upsample { stride: 2, scale: 1.0 }), &[last]).unwrap();
    params.push(None);
    (builder.finish(), Params(params))
}

#[test]
fn a_shape_is_measured_as_it_is_played() {
    let (gpu, (graph, params)) = (gpu(), gathering());
    let options = ProgramOptions { tune: Tune::Full, ..ProgramOptions::default() };
    let measured = pollster::block_on(Program::new(&gpu, &graph, params, &options, &mut |_, _| {})).unwrap();
    let shapes: Vec<&str> = measured.tuned().shapes.keys().map(String::as_str).collect();
    let wide = "16x12x12 -> 8x12x12 1/1x1 pad 0 dil 1 groups 1 f32 upsample 2 parts 2";
    assert_eq!(shapes, [wide, "8x12x12 -> 8x12x12 1/1x1 pad 0 dil 1 groups 1 f32"]);
    // Found again under the same name.
    let again = ProgramOptions { tune: Tune::Quick, tuned: measured.tuned().clone(), ..options };
    let (graph, params) = gathering();
    let again = pollster::block_on(Program::new(&gpu, &graph, params, &again, &mut |_, _| {})).unwrap();
    assert_eq!(again.tuned(), measured.tuned());
}

#[test]
fn no_rung_changes_the_result() {
    let gpu = gpu();
    let (_, _, input) = network();
    let node = NodeId(2);
    // These need other shapes.
    let packed = [Variant::Packed64, Variant::Packed128, Variant::SplitPacked];
    let split = [Variant::Split, Variant::SplitCoop8, Variant::SplitCoop16];
    let picky = [&[Variant::Depthwise, Variant::Stem, Variant::Vector][..], &split, &packed].concat();
    let play = |conv| {
        let mut program = program(&gpu, &ProgramOptions { conv: Some(conv), ..ProgramOptions::default() });
        assert_eq!(program.rung(NodeId(1)), Some(conv).filter(|v| !picky.contains(v)).or(program.rung(NodeId(1))));
        pollster::block_on(program.play(&input, &[node])).unwrap().nodes.remove(&node).unwrap()
    };
    let want = play(Variant::Direct);
    for &variant in Variant::ALL {
        let coop = matches!(variant, Variant::Coop8 | Variant::Coop16 | Variant::SplitCoop8 | Variant::SplitCoop16);
        if coop && gpu.report().coop.f32.is_empty() {
            println!("{}: skipped, the adapter has no cooperative matrices of f32", variant.name());
            continue;
        }
        let got = play(variant);
        let worst = got.data.iter().zip(&want.data).map(|(g, w)| (g - w).abs()).fold(0.0, f32::max);
        assert!(worst < 2e-5, "{}: {worst}", variant.name());
    }
}

#[test]
fn the_clock_of_the_gpu_agrees_with_that_on_the_wall() {
    let requirements = DeviceRequirements { timestamps: true, ..DeviceRequirements::default() };
    let gpu = pollster::block_on(Gpu::new(&GpuOptions { requirements, ..GpuOptions::default() })).unwrap();
    let (graph, _, _) = network();
    let problem = graph.problem(NodeId(1), 1).unwrap();
    let mut pipelines = Pipelines::new(&gpu, Precision::F32, false);
    let caps = gpu.caps(Precision::F32);
    let trial = RungBenchmark::new(&gpu, &mut pipelines, &caps, &problem, Variant::Tiled);
    let trial = pollster::block_on(trial).unwrap();
    pollster::block_on(trial.run(1)).unwrap();
    let runs = [100; 5].map(|count| pollster::block_on(trial.run(count)).unwrap());
    println!("{runs:?}");
    if !gpu.report().timestamps {
        assert!(runs.iter().all(|run| run.gpu.is_none()));
        return;
    }
    // A hundred passes in one submit: what is around them is little. Of five runs one is undisturbed.
    let share = |gpu: std::time::Duration, wall: std::time::Duration| gpu.as_secs_f64() / wall.as_secs_f64();
    let shares: Vec<f64> = runs.iter().map(|run| share(run.gpu.expect("a timestamp"), run.wall)).collect();
    assert!(shares.iter().all(|share| *share <= 1.0) && shares.iter().any(|share| *share > 0.5), "{shares:?}");
}

fn demo(cache: &Path, tune: TuneChoice) -> Detector {
    let builder = Detector::builder()
        .player(PlayerChoice::Gpu)
        .model("assets/demo.safetensors")
        .cache(cache)
        .size((96, 96))
        .tune(tune);
    builder.build().unwrap()
}

fn found(detector: &mut Detector) -> Vec<(String, i32)> {
    let picture = Picture::open("assets/demo.jpg").unwrap();
    let boxes = detector.detect(&picture).unwrap();
    boxes.iter().map(|b| (b.name.clone(), (b.score * 100.0).round() as i32)).collect()
}

fn files(cache: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(cache.join("tuning")).map(|d| d.map(|e| e.unwrap().path()).collect());
    entries.unwrap_or_default()
}

#[test]
fn what_was_measured_outlives_the_program_and_a_broken_file_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path();
    let mut untuned = demo(cache, TuneChoice::Off);
    assert!(files(cache).is_empty(), "nothing was measured, nothing is kept");
    let mut quick = demo(cache, TuneChoice::Quick);
    let [file] = &files(cache)[..] else { panic!("expected one file, found {:?}", files(cache)) };
    let text = fs::read_to_string(file).unwrap();
    let table: Table = serde_json::from_str(&text).unwrap();
    assert!(table.shapes.len() >= 3, "{text}");
    let clock = if gpu().report().timestamps { Clock::Timestamps } else { Clock::Wall };
    assert!(table.shapes.values().all(|entry| entry.clock == clock), "{text}");
    assert_eq!(found(&mut untuned), found(&mut quick));
    // The next start takes it as it is, asked to measure or not.
    for tune in [TuneChoice::Off, TuneChoice::Quick] {
        let detector = demo(cache, tune);
        assert_eq!(detector.program().unwrap().tuned(), &table);
        assert_eq!(fs::read_to_string(file).unwrap(), text, "written again without need");
    }
    // Before tables said which clock they were read from.
    let older = text.replace("\"clock\"", "\"watch\"");
    let cases = [
        ("{\"of\": ", "no table of measurements"),
        ("{\"of\":\"x\",\"shapes\":{}}", "was measured on"),
        (older.as_str(), "missing field `clock`"),
    ];
    for (broken, word) in cases {
        fs::write(file, broken).unwrap();
        let detector = demo(cache, TuneChoice::Off);
        let told: Vec<&String> = detector.notes().iter().filter(|n| n.contains(word)).collect();
        assert_eq!(told.len(), 1, "{:?}", detector.notes());
        assert!(told[0].contains(&file.display().to_string()) && !told[0].contains('\n'), "{told:?}");
    }
    // Asked to measure, it is put right.
    drop(demo(cache, TuneChoice::Quick));
    assert!(serde_json::from_str::<Table>(&fs::read_to_string(file).unwrap()).unwrap().shapes.len() >= 3);
}

#[test]
fn a_folder_that_cannot_be_written_costs_a_note() {
    let folder = tempfile::tempdir().unwrap();
    // A file where the folder should be: refused even for root.
    fs::write(folder.path().join("tuning"), "").unwrap();
    let detector = demo(folder.path(), TuneChoice::Quick);
    assert!(detector.notes().iter().any(|n| n.contains("cannot be kept")), "{:?}", detector.notes());
}

#[test]
fn storage_in_16_bits_is_another_shape_and_has_no_large_tiles() {
    let gpu = pollster::block_on(Gpu::new(&GpuOptions {
        requirements: yolov4::low_level::gpu::DeviceRequirements { precision: Precision::F16, ..Default::default() },
        ..GpuOptions::default()
    }));
    let options = ProgramOptions { precision: Precision::F16, tune: Tune::Full, ..ProgramOptions::default() };
    let measured = program(&gpu.expect("an adapter with shader-f16"), &options);
    let (shape, entry) = measured.tuned().shapes.iter().next().unwrap();
    assert!(shape.ends_with("f16") && !entry.ms.contains_key("winograd4"), "{shape}: {entry:?}");
}
