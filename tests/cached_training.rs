//! Training behind a backbone that stays as it is, on what that computed once: the same steps as with the whole network, and a detector in the end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{fs, path::Path};

use pollster::block_on;
use yolov4::{
    Detector, Picture, PlayerChoice,
    low_level::{
        gpu::{Gpu, GpuOptions},
        graph::{Op, Params, recompute::Recompute, tail::tail},
        model::{CfgOptions, Model, WeightsOptions},
        train::{
            adapt::{StartFrom, backbone, first_numbers, for_classes},
            cached::{CachedOptions, CachedTraining},
            keys::TrainingKeys,
            order::pictures_of_step,
            scene::TrainingScene,
            schedule::Schedule,
            session::{RUNNING_SHARE, TrainSession, TrainSessionOptions},
        },
    },
};

const SCENES: [&str; 4] = ["avenue", "crossing", "night", "rain"];
const SIDE: usize = 160;

fn gpu() -> Gpu {
    block_on(Gpu::new(&GpuOptions::default())).unwrap()
}

/// The demo network at a small size, and its numbers.
fn demo() -> (Model, Params) {
    let options = CfgOptions { size: Some((SIDE, SIDE)), ..CfgOptions::default() };
    let mut model = Model::open("demo", &options).unwrap();
    let params = model.take_params(&WeightsOptions::default()).unwrap();
    (model, params)
}

fn scene(name: &str) -> Picture {
    let path = Path::new("assets/images").join(name).with_extension("jpg");
    Picture::decode(&fs::read(&path).unwrap(), &path, true).unwrap()
}

/// A picture, and its objects: class, left, top, width, height.
type Labelled = (Picture, Vec<(usize, [f64; 4])>);

/// Signs of one kind in the scenes, as the demo network finds them: a person would have drawn them.
fn signs(kind: &str) -> Vec<Labelled> {
    let mut detector = Detector::builder().model("demo").player(PlayerChoice::Cpu).build().unwrap();
    let found = |name: &&str| {
        let picture = scene(name);
        let boxes = detector.detect(&picture).unwrap();
        let boxes = boxes.iter().filter(|found| found.name == kind);
        let boxes = boxes.map(|found| (0, <[f32; 4]>::from(found.bbox).map(f64::from))).collect();
        (picture, boxes)
    };
    SCENES.iter().map(found).collect()
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn the_end_of_a_network_is_a_network() {
    let (model, params) = demo();
    let layers = backbone(&model.graph);
    let end = tail(&model.graph, layers).unwrap();
    assert_eq!(end.given.len(), end.graph.iter().filter(|(_, node)| node.op == Op::Input).count());
    assert!(end.given.len() > 1, "the necks read earlier stages too");
    for (id, whole) in end.whole.iter().enumerate() {
        let (own, whole) = (&end.graph.nodes[id], model.graph.node(*whole));
        assert_eq!((own.shape, &own.name), (whole.shape, if id == 0 { &own.name } else { &whole.name }));
        assert_eq!(own.op == Op::Input, whole.layer < Some(layers), "{}", whole.name);
    }
    assert_eq!(end.graph.heads.len(), model.graph.heads.len());
    let mut back = Params(vec![None; model.graph.nodes.len()]);
    end.put(&end.params(&params), &mut back);
    for (id, node) in model.graph.iter() {
        let expected = if node.layer >= Some(layers) { params.get(id) } else { None };
        assert_eq!(back.get(id), expected, "{}", node.name);
    }
    // Behind the first head's convolution that would be random for ever.
    for (frozen, sentence) in [
        (0, "0 layers stay as they are"),
        (30, "30 layers stay as they are: expected 1 to 29"),
        (99, "expected 1 to 29"),
    ] {
        let error = tail(&model.graph, frozen).unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
    }
}

/// The same pictures, plain, by the whole network with its backbone frozen, and by the end of it.
#[test]
fn steps_are_those_of_the_whole_network() {
    let gpu = gpu();
    let (model, params) = demo();
    let classes = names(&["octagon"]);
    let keys = TrainingKeys::of_graph(&model.graph);
    let options = CachedOptions { batch: 2, steps: 8, looks: 1, seed: 3, ..CachedOptions::default() };
    let mut cached = CachedTraining::new(&gpu, &model, &params, &classes, keys.clone(), options.clone()).unwrap();
    let network = for_classes(&model, &classes).unwrap();
    let keys = keys.of_classes(&network.graph);
    let begin = first_numbers(&model, &network, Some(&params), StartFrom::Weights, 3).unwrap();
    let whole = TrainSessionOptions {
        batch: 2,
        mini: 2,
        recompute: Recompute::default(),
        frozen: backbone(&network.graph),
        share: RUNNING_SHARE,
        fresh: false,
        average: Some(0.98),
        longest: None,
        canvas: None,
    };
    let mut session = TrainSession::new(&gpu, &network.graph, begin, keys.clone(), whole).unwrap();
    let (mut inputs, mut truths) = (vec![], vec![]);
    for (picture, boxes) in signs("stop") {
        block_on(cached.add(&picture, &boxes)).unwrap();
        let size = (picture.width, picture.height);
        let (w, h) = (size.0 as f64, size.1 as f64);
        let fractions = |(class, [x, y, bw, bh]): &(usize, [f64; 4])| {
            let (x1, y1) = ((x + bw).min(w), (y + bh).min(h));
            let (x, y) = (x.max(0.0), y.max(0.0));
            (*class, [(x + x1) / 2.0 / w, (y + y1) / 2.0 / h, (x1 - x) / w, (y1 - y) / h])
        };
        let scene = TrainingScene::plain(size, network.graph.canvas(), network.preprocess.letterbox);
        inputs.push(scene.input(&[&picture], network.graph.input_shape()));
        truths.push(scene.truths(&[boxes.iter().map(fractions).collect()], &[size]).into_iter().collect::<Vec<_>>());
    }
    assert!(truths.iter().any(|of| !of.is_empty()));
    let schedule = Schedule { learning_rate: keys.schedule.learning_rate, ..keys.schedule.over(8) };
    for step in 0..4 {
        let size = keys.step_size(&schedule, step + 1);
        let chosen = pictures_of_step(step, 2, inputs.len(), 3);
        let pick: Vec<_> = chosen.iter().map(|n| inputs[*n].clone()).collect();
        let asked: Vec<_> = chosen.iter().map(|n| truths[*n].clone()).collect();
        let by_whole = session.step(&size, &pick, &asked).unwrap();
        let by_end = block_on(cached.step()).unwrap();
        assert_eq!((by_end.step, by_end.rate), (by_whole.step, by_whole.rate));
        let (a, b) = (by_end.loss.total(), by_whole.loss.total());
        assert!((a - b).abs() < 1e-3 * b.abs().max(1e-3), "step {step}: {a} and {b}");
        assert!((by_end.norm - by_whole.norm).abs() < 1e-2 * by_whole.norm, "step {step}");
    }
}

#[test]
fn a_hundred_steps_make_a_detector_of_ones_own_and_a_lost_device_changes_no_bit() {
    let gpus = [gpu(), gpu()];
    let (model, params) = demo();
    let classes = names(&["octagon", "triangle"]);
    let pictures: Vec<_> = signs("stop")
        .into_iter()
        .zip(signs("yield"))
        .map(|((picture, mut boxes), (_, others))| {
            boxes.extend(others.into_iter().map(|(_, bbox)| (1, bbox)));
            (picture, boxes)
        })
        .collect();
    let files = [false, true].map(|lost| {
        let keys = CachedTraining::keys(&model.graph);
        let mut training =
            CachedTraining::new(&gpus[0], &model, &params, &classes, keys, CachedOptions::default()).unwrap();
        for (picture, boxes) in &pictures {
            block_on(training.add(picture, boxes)).unwrap();
        }
        let begun = block_on(training.save()).unwrap();
        let (mut first, mut last, mut loses) = (0.0, 0.0, lost);
        while training.steps() < 100 {
            let report = block_on(training.step()).unwrap();
            if report.step <= 5 {
                first += report.loss.total();
            }
            if report.step > 95 {
                last += report.loss.total();
            }
            if report.step == 37 && std::mem::take(&mut loses) {
                training.renew(&gpus[1]);
                assert_eq!(training.steps(), 30, "the last state that was kept");
                let saved = block_on(training.save()).unwrap();
                assert!(saved != begun, "what was learnt is saved, though no step was done on this device");
            }
        }
        println!("loss {:.3} to {:.3}", first / 5.0, last / 5.0);
        assert!(last < 0.5 * first, "{first} to {last}");
        block_on(training.save()).unwrap()
    });
    assert!(files[0] == files[1], "the bits are others");
    let [file, _] = files;
    let builder = Detector::builder().file("mine.safetensors", file).model("mine.safetensors");
    let mut detector = builder.player(PlayerChoice::Cpu).score_threshold(0.3).build().unwrap();
    let found = detector.detect(scene("crossing")).unwrap();
    println!("{found:?}");
    assert!(found.iter().any(|found| found.name == "octagon"), "{found:?}");
}

#[test]
fn what_cannot_be_is_refused_in_one_sentence() {
    let gpu = gpu();
    let (model, params) = demo();
    let keys = || CachedTraining::keys(&model.graph);
    let open = |classes: &[&str], options: CachedOptions| {
        CachedTraining::new(&gpu, &model, &params, &names(classes), keys(), options)
    };
    let usual = CachedOptions::default;
    for (result, sentence) in [
        (open(&[], usual()), "classes: expected 1 or more, found 0"),
        (open(&["a\nb"], usual()), "expected a name in one line"),
        (open(&["a"], CachedOptions { batch: 0, ..usual() }), "batch: expected 1 or more"),
        (open(&["a"], CachedOptions { looks: 0, ..usual() }), "looks: expected 1 or more"),
        (open(&["a"], CachedOptions { steps: 0, ..usual() }), "steps: expected 1 or more"),
        (open(&["a"], CachedOptions { rate: Some(f64::NAN), ..usual() }), "rate: expected a number above 0"),
        (open(&["a"], CachedOptions { frozen: Some(0), ..usual() }), "0 layers stay as they are"),
    ] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
    }
    let mut training = open(&["a"], usual()).unwrap();
    let error = block_on(training.step()).unwrap_err().to_string();
    assert!(error.contains("there is no picture to learn from"), "{error}");
    let picture = scene("rain");
    for (object, sentence) in [
        ((1, [0.0, 0.0, 5.0, 5.0]), "class 1: there are 1"),
        ((0, [9.0, 9.0, 0.0, 5.0]), "nothing of it is in a picture"),
        ((0, [-9.0, 9.0, 5.0, 5.0]), "nothing of it is in a picture"),
        ((0, [f64::NAN, 9.0, 5.0, 5.0]), "nothing of it is in a picture"),
    ] {
        let error = block_on(training.add(&picture, &[object])).unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
    }
    assert_eq!(training.pictures(), 0);
    // Without a step it is the network that it began with.
    let file = block_on(training.save()).unwrap();
    assert!(Detector::builder().file("a.safetensors", file).model("a.safetensors").build().is_ok());
}
