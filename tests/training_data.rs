//! What training reads of a cfg, what a network becomes for other classes, how far steps move, and which pictures they are of.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use yolov4::low_level::{
    graph::{NodeParams, Op, Params},
    model::{CfgOptions, Model, darknet::write},
    train::{
        adapt::{StartFrom, backbone, first_numbers, for_classes, set_anchors},
        augment::{AugmentKeys, Mixup, Mosaic, Spread},
        darknet_loss::{BoxLoss, IouKind, YoloSection},
        keys::TrainingKeys,
        keys_text::{TrainingSpan, with_training},
        order::pictures_of_step,
        recipe::{StepSize, TrainingRecipe},
        schedule::{Policy, Schedule},
    },
};

const CFG: &str = "[net]
width=64
height=32
learning_rate=0.002
momentum=0.8
decay=0.001
burn_in=1000
max_batches=1000
policy=steps
steps=800,900
scales=.1,.2
hue=.25
mosaic=1

[convolutional]
batch_normalize=1
filters=8
size=3
stride=4
pad=1
activation=mish

[convolutional]
filters=21
size=1
activation=linear

[yolo]
mask=1,2,3
anchors=1,2, 3,4, 5,6, 7,8
classes=2
num=4
iou_loss=giou
iou_normalizer=0.05
iou_thresh=0.3
max_delta=2
counters_per_class=10,40
jitter=.2
resize=1.5
random=1
";

fn model(text: &str) -> (tempfile::TempDir, PathBuf, Model) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("net.cfg");
    fs::write(&path, text).unwrap();
    let model = Model::open(&path, &CfgOptions::default()).unwrap();
    (dir, path, model)
}

#[test]
fn keys_are_read_as_darknet_has_them() {
    let (_dir, path, model) = model(CFG);
    let mut notes = Vec::new();
    let keys = TrainingKeys::read(&path, &model.graph, &mut notes).unwrap();
    let near = |a: f64, b: f64| (a - b).abs() < 1e-7;
    assert!(near(keys.schedule.learning_rate, 0.002) && near(keys.momentum, 0.8) && near(keys.decay, 0.001));
    let head = &keys.heads[0];
    assert_eq!(head.mask, [1, 2, 3]);
    assert_eq!(head.anchors.len(), 4, "all anchors are looked at, the head's and the others");
    assert_eq!(head.box_loss, BoxLoss::Overlap(IouKind::Giou));
    assert!(near(head.iou_normalizer, 0.05) && near(head.iou_thresh, 0.3) && near(head.ignore_thresh, 0.5));
    assert_eq!((head.max_delta, head.multipliers.clone()), (Some(2.0), Some(vec![2.0, 1.0])));
    let AugmentKeys { jitter, resize, flip, hue, saturation, mosaic, mixup, .. } = keys.augment;
    assert!(near(jitter, 0.2) && near(resize, 1.5) && flip && near(hue, 0.25) && saturation == Spread::Times(1.0));
    assert_eq!((mosaic, mixup), (Mosaic::Corners, Mixup::Never));
    // What would change the result and is not done is told.
    assert!(notes.iter().any(|note| note.contains("random=1")), "{notes:?}");
    assert!(!notes.iter().any(|note| note.contains("burn_in")), "{notes:?}");
}

#[test]
fn a_network_without_a_cfg_learns_as_yolov4_tiny_does() {
    let second = "[convolutional]\nfilters=14\nsize=1\nactivation=linear\n\n[yolo]\nmask=0,3\nanchors=1,2, 3,4, 5,6, 7,8\nclasses=2\nnum=4\n";
    let (_dir, _path, model) = model(&format!("{CFG}\n[route]\nlayers=0\n\n{second}"));
    let keys = TrainingKeys::of_graph(&model.graph);
    let all = vec![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]];
    // A truth is given to the best anchor of all, whichever head it belongs to.
    for (head, mask) in keys.heads.iter().zip([vec![1, 2, 3], vec![0, 3]]) {
        assert_eq!((&head.anchors, &head.mask), (&all, &mask));
        assert_eq!(head.box_loss, BoxLoss::Overlap(IouKind::Ciou));
    }
}

#[test]
fn another_way_of_training_is_refused_by_line() {
    for (from, to, line, said) in [
        ("momentum=0.8", "adam=1", 5, "adam=1"),
        ("policy=steps", "policy=random", 9, "policy=random"),
        ("scales=.1,.2", "scales=.1", 10, "1 and 2"),
        ("iou_thresh=0.3", "iou_thresh=often", 35, "often"),
    ] {
        let (_dir, path, model) = model(&CFG.replace(from, to));
        let error = TrainingKeys::read(&path, &model.graph, &mut vec![]).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains(&format!(".cfg:{line}:")), "{error}");
    }
}

#[test]
fn a_schedule_stretches_over_the_steps_that_there_are() {
    let steps = Policy::Steps(vec![(800, 0.1), (900, 0.2)]);
    let own = Schedule { learning_rate: 0.01, burn_in: 1000, power: 4.0, max_batches: 1000, policy: steps };
    let short = own.over(200);
    assert_eq!(short.burn_in, 10, "a twentieth");
    let rates = [9, 10, 159, 160, 180].map(|n| short.rate(n) / 0.01);
    for (found, right) in rates.into_iter().zip([0.6561, 1.0, 1.0, 0.1, 0.02]) {
        assert!((found - right).abs() < 1e-9, "{rates:?}");
    }
    assert_eq!(own.over(1_000_000).burn_in, 1000);
    let constant = Schedule { policy: Policy::Constant, ..own }.over(100);
    assert!((constant.rate(79) - 0.01).abs() < 1e-12 && (constant.rate(95) - 0.0001).abs() < 1e-12);
}

#[test]
fn heads_get_filters_for_their_classes_and_other_numbers_stay() {
    let (_dir, _path, model) = model(CFG);
    let names: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let new = for_classes(&model, &names).unwrap();
    let filters = |model: &Model| {
        model.graph.nodes.iter().filter_map(|node| node.op.conv()).map(|conv| conv.filters).collect::<Vec<_>>()
    };
    assert_eq!((filters(&model), filters(&new)), (vec![8, 21], vec![8, 27]));
    assert_eq!((new.graph.heads[0].classes, new.labels.len()), (4, 4));
    let given = model.random_params(3);
    let head = new.graph.iter().filter(|(_, node)| matches!(node.op, Op::Conv(_))).map(|(id, _)| id.0).last().unwrap();
    let kept = |params: &Params, id: usize| params.0[id] == given.0[id];
    let from = |from, network: &Model| first_numbers(&model, network, Some(&given), from, 1).unwrap();
    let tuned = from(StartFrom::Weights, &new);
    assert!((0..head).all(|id| kept(&tuned, id)) && !kept(&tuned, head));
    let Some(NodeParams::Conv { bias: Some(bias), .. }) = &tuned.0[head] else { panic!("a head has biases") };
    let sure = |logit: f32| 1.0 / (1.0 + (-logit).exp());
    assert!((sure(bias[4]) - 0.01).abs() < 1e-6 && sure(bias[4 + 9]) == sure(bias[4]) && bias[5] == 0.0, "{bias:?}");
    // Where boxes are knows of no class: four filters of each anchor stay.
    let filters = |params: &Params| match &params.0[head] {
        Some(NodeParams::Conv { weights, bias: Some(bias) }) => {
            let rows = weights.chunks(weights.len() / bias.len()).map(<[f32]>::to_vec);
            rows.zip(bias.clone()).collect::<Vec<_>>()
        }
        other => panic!("a head has weights and biases, found {other:?}"),
    };
    let (old, made, part) = (filters(&given), filters(&tuned), filters(&from(StartFrom::Partial, &new)));
    for anchor in 0..3 {
        for side in 0..4 {
            assert_eq!(made[9 * anchor + side], old[7 * anchor + side], "anchor {anchor}, side {side}");
            assert_ne!(part[9 * anchor + side], old[7 * anchor + side], "anchor {anchor}, side {side}");
        }
        assert_ne!(made[9 * anchor + 4].0, old[7 * anchor + 4].0, "anchor {anchor}: how sure it is of what");
    }
    // Of the same classes heads are kept as well, unless only a part is wanted.
    let same = for_classes(&model, &names[..2]).unwrap();
    assert!(kept(&from(StartFrom::Weights, &same), head) && !kept(&from(StartFrom::Partial, &same), head));
    let scratch = from(StartFrom::Scratch, &same);
    assert!((1..=head).filter(|id| given.0[*id].is_some()).all(|id| !kept(&scratch, id)));
    let error = first_numbers(&model, &same, None, StartFrom::Weights, 1).unwrap_err().to_string();
    assert!(error.contains("--from scratch"), "{error}");
}

#[test]
fn every_epoch_has_every_picture_once() {
    let drawn: Vec<usize> = (0..6).flat_map(|step| pictures_of_step(step, 5, 10, 7)).collect();
    for epoch in drawn.chunks(10) {
        assert_eq!(epoch.iter().collect::<BTreeSet<_>>().len(), 10, "{drawn:?}");
    }
    assert_ne!(drawn[..10], drawn[10..20], "each epoch in another order");
    assert_ne!(drawn, (0..6).flat_map(|step| pictures_of_step(step, 5, 10, 8)).collect::<Vec<_>>());
    let large = pictures_of_step(0, 7, 3, 1);
    assert!(large.len() == 7 && large.iter().all(|n| *n < 3), "a batch may be larger than the set: {large:?}");
}

#[test]
fn the_papers_recipe_warms_up_then_falls_to_a_fifth() {
    let (_dir, _path, model) = model(CFG);
    let keys = TrainingKeys::scaled(TrainingKeys::of_graph(&model.graph).heads);
    let schedule = keys.schedule.over(1000);
    assert_eq!(schedule.burn_in, 50);
    let near = |found: StepSize, right: [f64; 4]| {
        let all = [found.rate, found.bias_rate, found.momentum, found.kept];
        assert!(all.iter().zip(right).all(|(a, b)| (a - b).abs() < 1e-12), "{all:?}, expected {right:?}");
    };
    // Half-way through: the others' rate is half, that of biases half-way down from .1, momentum half-way up from .9.
    near(keys.step_size(&schedule, 25), [0.005, 0.055, 0.9185, 0.9 + 0.037 * 26.0 / 50.0]);
    // 1/5 + 4/5 of a half cosine.
    near(keys.step_size(&schedule, 500), [0.006, 0.006, 0.937, 0.937]);
    near(keys.step_size(&schedule, 1000), [0.002, 0.002, 0.937, 0.937]);
    // The last third is how the paper's networks were tuned.
    let mosaic = |n: u64| keys.augment_at(n, 900).mosaic;
    assert_eq!(mosaic(600), Mosaic::Zoomed { scale: 0.5, shift: 0.5 });
    assert_eq!(mosaic(601), Mosaic::Zoomed { scale: 0.8, shift: 0.5 });
    assert_eq!(keys.augment_at(601, 900).mixup, Mixup::Beta { odds: 0.2 });
    // Averages: .9999 in the long run, nothing kept at first.
    let kept = TrainingRecipe::Scaled.averaged(0.9999, 2000);
    assert!(
        (kept - 0.9999 * (1.0 - (-2001.0_f64 / 2000.0).exp())).abs() < 1e-12
            && TrainingRecipe::Scaled.averaged(0.9999, 0) < 1e-3
    );
}

#[test]
fn the_finest_head_gets_the_smallest_anchors() {
    let mut model = Model::open(std::path::Path::new("yolov4-tiny"), &CfgOptions::default()).unwrap();
    assert_eq!(backbone(&model.graph), 26, "its last pool is layer 25");
    let mut keys = TrainingKeys::of_graph(&model.graph);
    let made: Vec<(f64, f64)> = (1..=6).rev().map(|n| (f64::from(10 * n), f64::from(9 * n))).collect();
    set_anchors(&mut model.graph, &mut keys, &made).unwrap();
    // The first head is the coarser one.
    assert_eq!(model.graph.heads[0].anchors, [(40.0, 36.0), (50.0, 45.0), (60.0, 54.0)]);
    assert_eq!(model.graph.heads[1].anchors, [(10.0, 9.0), (20.0, 18.0), (30.0, 27.0)]);
    assert_eq!((keys.heads[0].mask.as_slice(), keys.heads[1].mask.as_slice()), (&[3, 4, 5][..], &[0, 1, 2][..]));
    assert!(keys.heads.iter().all(|head| head.anchors.len() == 6 && head.anchors[0] == [10.0, 9.0]));
    let error = set_anchors(&mut model.graph, &mut keys, &made[1..]).unwrap_err().to_string();
    assert!(error.contains("expected 6 anchors, found 5"), "{error}");
}

#[test]
fn a_written_cfg_says_how_it_was_trained() {
    let (dir, path, model) = model(CFG);
    let keys = TrainingKeys::read(&path, &model.graph, &mut vec![]).unwrap();
    let schedule = keys.schedule.over(500);
    let text = write::cfg(&model).unwrap();
    let span = TrainingSpan { schedule: &schedule, batch: 8, mini: 4 };
    let written = dir.path().join("written.cfg");
    fs::write(&written, with_training(&text, &keys, &span)).unwrap();
    let again = Model::open(&written, &CfgOptions::default()).unwrap();
    let mut notes = Vec::new();
    let found = TrainingKeys::read(&written, &again.graph, &mut notes).unwrap();
    assert_eq!(found.schedule, schedule);
    // The head's own anchors are all there are now, and counts of classes are not written.
    let (old, new) = (&keys.heads[0], &found.heads[0]);
    let same = YoloSection {
        anchors: old.anchors.clone(),
        mask: old.mask.clone(),
        multipliers: old.multipliers.clone(),
        ..new.clone()
    };
    assert_eq!(&same, old);
    assert_eq!(TrainingKeys { schedule, heads: vec![], ..keys.clone() }, TrainingKeys { heads: vec![], ..found });
    for line in ["batch=8", "subdivisions=2", "max_batches=500", "iou_loss=giou"] {
        assert!(fs::read_to_string(&written).unwrap().lines().any(|own| own == line), "{line}");
    }
}
