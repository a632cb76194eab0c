//! The paper's builder against the published cfgs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::{collections::BTreeMap, path::Path};

use yolov4::low_level::{
    graph::explain::Totals,
    model::{
        CfgOptions, Model, darknet,
        scaled::{Architecture, NAMES, Recipe},
    },
};

#[test]
fn what_is_built_is_what_is_published_node_by_node() {
    let Some(data) = common::test_data() else { return };
    let mut compared = 0;
    for name in NAMES {
        let path = data.join(format!("models/cfg/{name}.cfg"));
        if !path.exists() {
            continue;
        }
        let published = Model::from_cfg(&path, &CfgOptions::default()).unwrap();
        let built = Recipe::named(name).unwrap().network().unwrap();
        for ((id, ours), (_, theirs)) in built.graph.iter().zip(published.graph.iter()) {
            assert_eq!(ours, theirs, "{name}: node {}", id.0);
        }
        assert_eq!(built.graph, published.graph, "{name}");
        assert_eq!((built.preprocess, built.defaults), (published.preprocess, published.defaults));
        compared += 1;
    }
    assert_eq!(compared, 8, "published cfgs at hand");
}

/// Layers, convolutions, parameters and bytes of the weights file, as published or counted from the published cfg.
const COUNTS: [(&str, usize, usize, u64, u64); 9] = [
    ("yolov4-tiny", 38, 21, 6_056_606, 24_251_276),
    ("yolov4-tiny-3l", 45, 24, 6_327_453, 25_336_200),
    ("yolov4", 162, 110, 64_363_101, 257_717_640),
    ("yolov4-csp", 175, 115, 52_921_437, 211_944_840),
    ("yolov4-csp-swish", 176, 115, 52_921_437, 211_944_840),
    ("yolov4x-mish", 203, 137, 99_751_053, 399_388_168),
    ("yolov4-csp-x-swish", 204, 137, 99_751_053, 399_388_168),
    ("yolov4-p5", 244, 163, 70_830_684, 283_669_892),
    ("yolov4-p6", 305, 205, 127_585_200, 510_868_180),
];

#[test]
fn what_is_written_has_the_published_layers_and_bytes() {
    for (name, layers, convolutions, parameters, bytes) in COUNTS {
        let text = Recipe::named(name).unwrap().cfg().unwrap();
        let path = Path::new(name);
        let cfg = darknet::cfg::Cfg::parse(path, &text).unwrap();
        assert_eq!(cfg.sections.len() - 1, layers, "{name}: layers");
        let network = darknet::build::from_cfg(path, &cfg, &CfgOptions::default()).unwrap();
        let totals = Totals::new(&network.graph);
        assert_eq!((totals.convolutions, totals.parameters), (convolutions, parameters), "{name}");
        assert_eq!((darknet::weights::expected_bytes(&network), totals.weights_bytes), (bytes, bytes), "{name}");
    }
}

/// Keys of the published cfgs that matter to training alone.
const TRAINING: &[&str] = &[
    "angle",
    "batch",
    "burn_in",
    "cls_normalizer",
    "decay",
    "ema_alpha",
    "exposure",
    "hue",
    "ignore_thresh",
    "iou_loss",
    "iou_normalizer",
    "iou_thresh",
    "jitter",
    "learning_rate",
    "max_batches",
    "max_delta",
    "momentum",
    "mosaic",
    "obj_normalizer",
    "objectness_smooth",
    "policy",
    "random",
    "resize",
    "saturation",
    "scales",
    "steps",
    "stopbackward",
    "subdivisions",
    "truth_thresh",
];

/// What Darknet takes where a key is missing, for the keys that the family leaves out here and there.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("net", "letter_box", "0"),
    ("convolutional", "batch_normalize", "0"),
    ("route", "groups", "1"),
    ("route", "group_id", "0"),
    ("yolo", "new_coords", "0"),
];

/// Sections of a cfg as Darknet acts on them: kind, and every key that is not for training alone. Read here and not by our
/// reader, which knows the keys that it knows.
fn effective(text: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut sections: Vec<(String, BTreeMap<String, String>)> = vec![];
    for line in text.lines().map(|l| l.split('#').next().unwrap().trim()).filter(|l| !l.is_empty()) {
        if let Some(kind) = line.strip_prefix('[') {
            let kind = kind.trim_end_matches(']');
            let missing = DEFAULTS.iter().filter(|(of, ..)| *of == kind);
            let keys = missing.map(|(_, key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            sections.push((kind.to_owned(), keys));
            continue;
        }
        let (key, value) = line.split_once('=').unwrap();
        let layer = sections.len() as i64 - 2;
        let (_, keys) = sections.last_mut().unwrap();
        let one = |word: &str| match word.trim().parse::<f64>() {
            // Layers by their number from the beginning, not by how far back.
            Ok(number) if ["layers", "from"].contains(&key.trim()) && number < 0.0 => {
                (number + layer as f64).to_string()
            }
            Ok(number) => number.to_string(),
            Err(_) => word.trim().to_owned(),
        };
        if !TRAINING.contains(&key.trim()) {
            keys.insert(key.trim().to_owned(), value.split(',').map(one).collect::<Vec<_>>().join(","));
        }
    }
    sections
}

#[test]
fn what_is_written_says_what_the_published_text_says() {
    let Some(data) = common::test_data() else { return };
    let mut compared = 0;
    for name in NAMES {
        let Ok(published) = std::fs::read_to_string(data.join(format!("models/cfg/{name}.cfg"))) else { continue };
        let (ours, theirs) = (effective(&Recipe::named(name).unwrap().cfg().unwrap()), effective(&published));
        for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
            assert_eq!(a, b, "{name}: section {i}");
        }
        assert_eq!(ours.len(), theirs.len(), "{name}: sections");
        compared += 1;
    }
    assert_eq!(compared, 8, "published cfgs at hand");
}

#[test]
fn what_is_written_has_the_published_kinds_of_layers() {
    let Some(data) = common::test_data() else { return };
    let mut compared = 0;
    for (name, row) in common::rows(&data) {
        let name = name.split('@').next().unwrap();
        if !NAMES.contains(&name) {
            continue;
        }
        let text = Recipe::named(name).unwrap().cfg().unwrap();
        let (mut sections, mut activations, mut kernels) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (kind, keys) in effective(&text).iter().skip(1) {
            let count = |map: &mut BTreeMap<String, u64>, key: String| *map.entry(key).or_default() += 1;
            count(&mut sections, kind.clone());
            match kind.as_str() {
                "convolutional" => {
                    count(&mut activations, keys["activation"].clone());
                    count(&mut kernels, format!("({}, {}, '')", keys["size"], keys["stride"]));
                }
                "shortcut" => count(&mut activations, format!("(shortcut){}", keys["activation"])),
                "maxpool" => count(&mut kernels, format!("('maxpool', {}, {})", keys["size"], keys["stride"])),
                _ => {}
            }
        }
        for (what, ours) in [("sections", sections), ("activations", activations), ("kernels", kernels)] {
            assert_eq!(serde_json::to_value(ours).unwrap(), row[what], "{name}: {what}");
        }
        assert_eq!(row["layers"], effective(&text).len() - 1, "{name}: layers");
        compared += 1;
    }
    // Nine networks, one of them at three sizes; of yolov4-csp-x-swish there is no more than this.
    assert_eq!(compared, 11);
}

#[test]
fn p7_costs_what_the_large_branch_costs() {
    let p7 = Recipe::named("yolov4-p7").unwrap();
    for (side, gflop) in [(1536, 1636.704), (1280, 1136.600), (896, 556.934)] {
        let network = Recipe { size: (side, side), ..p7.clone() }.network().unwrap();
        let totals = Totals::new(&network.graph);
        assert_eq!((totals.convolutions, totals.parameters), (247, 287_575_580), "at {side}");
        assert!((totals.conv_gflop - gflop).abs() < 5e-4, "at {side}: {} GFLOP", totals.conv_gflop);
        assert_eq!(totals.weights_bytes, darknet::weights::expected_bytes(&network));
    }
    // The boxes of facts 1.2: five grids, four anchors.
    assert_eq!(Totals::new(&p7.network().unwrap().graph).boxes, 196_416);
    // Twice is what makes 3,328 and 5,376 numbers of difference in P5 and P6.
    for (name, parameters) in [("yolov4-p5", 70_834_012), ("yolov4-p6", 127_590_576)] {
        let recipe = Recipe { plan: Architecture::Large { twice: true }, ..Recipe::named(name).unwrap() };
        assert_eq!(Totals::new(&recipe.network().unwrap().graph).parameters, parameters, "{name}");
    }
}

#[test]
fn numbers_that_do_not_fit_are_told() {
    let fails = |recipe: Recipe, words: &str| {
        let error = recipe.network().unwrap_err().to_string();
        assert!(error.contains(words), "expected `{words}` in: {error}");
    };
    let p5 = || Recipe::named("yolov4-p5").unwrap();
    fails(Recipe { heads: 6, ..p5() }, "heads: expected 2 to 5, found 6");
    fails(Recipe { anchors: vec![(1.0, 1.0); 7], ..p5() }, "anchors: expected a multiple of 3");
    fails(Recipe { width: 0.0, ..p5() }, "width: expected");
    fails(Recipe { size: (100, 64), ..p5() }, "size: expected multiples of 32, found 100x64");
    assert!(Recipe::named("yolov4").unwrap().set_stages(6).is_err());
    let mut p6 = p5();
    p6.set_stages(6).unwrap();
    let published = Recipe::named("yolov4-p6").unwrap();
    p6.anchors = published.anchors.clone();
    p6.size = published.size;
    assert_eq!(p6, published, "a stage and a head is all that P6 has more");
    fails(Recipe { classes: 0, ..p5() }, "classes");
    assert!(Recipe::named("yolov9").unwrap_err().to_string().contains("yolov4-p6"));
}

#[test]
fn a_network_of_other_numbers_can_be_built() {
    for name in NAMES {
        let recipe = Recipe { width: 0.25, depth: 0.34, classes: 3, ..Recipe::named(name).unwrap() };
        let network = recipe.network().unwrap();
        assert_eq!(network.graph.classes(), 3, "{name}");
        assert_eq!(network.graph.heads.len(), recipe.heads, "{name}");
        let whole = Recipe::named(name).unwrap().network().unwrap();
        assert!(network.graph.nodes.len() <= whole.graph.nodes.len());
        assert_eq!(
            network.graph.nodes.len() == whole.graph.nodes.len(),
            recipe.plan == Architecture::Tiny,
            "{name}: depth"
        );
        let bytes = darknet::weights::expected_bytes;
        assert!(10 * bytes(&network) < bytes(&whole) * 2, "{name}: width");
    }
}
