//! Laws of the cfg and weights readers for any input: an error or a network, never a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::path::Path;

use proptest::prelude::*;
use yolov4::{
    Error,
    low_level::{
        graph::explain::Totals,
        model::{
            CfgOptions, Decode, Model, WeightsOptions,
            darknet::{build, cfg::Cfg, weights},
        },
    },
};

const SMALL: &str = "[net]
width=32
height=32
[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky
[maxpool]
size=2
stride=2
[route]
layers=-1
groups=2
group_id=1
[convolutional]
filters=6
activation=linear
[yolo]
mask=0
anchors=10,14
classes=1
num=1
";

fn parse(text: &str, decode: Decode) -> Result<Model, Error> {
    let path = Path::new("a.cfg");
    build::from_cfg(path, &Cfg::parse(path, text)?, &CfgOptions { decode, ..Default::default() })
}

fn refused(text: &str, decode: Decode) -> String {
    parse(text, decode).map(|_| ()).expect_err("the cfg was taken").to_string()
}

/// What a byte-wise damage of a cfg may put in.
const PIECES: &[&str] = &[
    "0",
    "-1",
    "1000000000",
    "99999999999999999999",
    "nan",
    "inf",
    "=",
    "[",
    "]",
    "[yolo]\n",
    "[route]\n",
    "[net]\n",
    "groups=3\n",
    "layers=-1,-2,-3\n",
    "stride=-2\n",
    ",",
    "\n",
    "#",
    "\u{feff}",
    "e38",
    "padding=4294967295\n",
];

fn damage(text: &str, edits: &[(usize, usize, usize)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (at, cut, piece) in edits {
        let at = at % (chars.len() + 1);
        let end = (at + cut % 12).min(chars.len());
        chars.splice(at..end, PIECES[piece % PIECES.len()].chars());
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_a_network_or_an_error(text in ".{0,400}") {
        let _ = parse(&text, Decode::Auto);
        let _ = parse(&format!("{SMALL}{text}"), Decode::Auto);
    }

    #[test]
    fn a_damaged_cfg_is_a_network_or_an_error(edits in prop::collection::vec(any::<(usize, usize, usize)>(), 1..6)) {
        let text = damage(SMALL, &edits);
        if let Ok(network) = parse(&text, Decode::Auto) {
            prop_assert!(network.graph.iter().all(|(_, node)| node.shape.elements() > 0));
            prop_assert_eq!(Totals::new(&network.graph).weights_bytes, weights::expected_bytes(&network));
        }
    }

    #[test]
    fn weights_of_any_bytes_are_numbers_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..1500), truncated: bool) {
        let network = parse(SMALL, Decode::Auto).unwrap();
        let options = WeightsOptions { allow_truncated: truncated, ..Default::default() };
        let length = bytes.len() as u64;
        let _ = weights::read(&network, Path::new("a.weights"), &bytes[..], length, &options, &mut vec![]);
    }
}

#[test]
fn damaged_published_cfgs_are_networks_or_errors() {
    let Some(data) = common::test_data() else { return };
    let mut state = 1usize;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    for entry in std::fs::read_dir(data.join("models/cfg")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "cfg") {
            let text = std::fs::read_to_string(&path).unwrap();
            for _ in 0..100 {
                let edits: Vec<_> = (0..1 + next() % 4).map(|_| (next(), next(), next())).collect();
                let _ = parse(&damage(&text, &edits), Decode::Auto);
            }
        }
    }
}

#[test]
fn totals_are_the_published_ones() {
    let Some(data) = common::test_data() else { return };
    let text = std::fs::read_to_string(data.join("reference/models.json")).unwrap();
    let rows: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut compared = 0;
    for (name, row) in &rows {
        let cfg = data.join("models/cfg").join(row["cfg"].as_str().unwrap());
        if !cfg.exists() {
            continue;
        }
        let size = row["size"].as_u64().unwrap() as usize;
        let options = CfgOptions { size: Some((size, size)), ..Default::default() };
        let totals = Totals::new(&Model::from_cfg(&cfg, &options).unwrap().graph);
        let near = |mine: f64, key: &str| {
            let want = row[key].as_f64().unwrap();
            assert!((mine - want).abs() < 1e-6, "{name}: {key}: {mine}, published {want}");
        };
        near(totals.conv_gflop, "conv_gflop");
        near(totals.darknet_bflops, "darknet_bflops");
        near(totals.convolutions as f64, "conv");
        near(totals.parameters as f64, "trainable_params");
        near(totals.fused_parameters as f64, "fused_params");
        near(totals.weights_bytes as f64, "weights_file_bytes");
        let layers = Cfg::read(&cfg).unwrap().sections.len() - 1;
        near(layers as f64, "layers");
        compared += 1;
    }
    assert_eq!(compared, 10, "rows of models.json whose cfg is at hand");
}

#[test]
fn a_key_that_belongs_elsewhere_is_told_whatever_the_decode() {
    let text = SMALL.replace("[maxpool]\n", "[maxpool]\ngroups=2\n");
    for decode in [Decode::Auto, Decode::Darknet, Decode::Scaled] {
        let notes = parse(&text, decode).unwrap().notes.join("\n");
        assert!(notes.contains("a.cfg:12: layer 1 [maxpool]: `groups` means nothing here"), "{decode:?}: {notes}");
    }
}

#[test]
fn a_key_given_twice_is_said_to_be() {
    let message = refused(&SMALL.replace("size=3\n", "size=3\nsize=5\n"), Decode::Auto);
    assert!(message.contains("a.cfg:8: layer 0 [convolutional]: `size` a second time, after line 7"), "{message}");
}

#[test]
fn keys_that_change_which_weights_are_read_are_refused() {
    for key in ["dontload", "dontloadscales"] {
        let message = refused(&SMALL.replace("size=3\n", &format!("size=3\n{key}=1\n")), Decode::Auto);
        assert!(message.contains("a.cfg:8: layer 0 [convolutional]"), "{message}");
        assert!(message.contains(&format!("{key}=1 is not supported")), "{message}");
    }
}

#[test]
fn numbers_must_be_finite() {
    for (key, value) in [("scale_x_y", "nan"), ("scale_x_y", "1e39"), ("beta_nms", "-inf")] {
        let message = refused(&format!("{SMALL}{key}={value}\n"), Decode::Auto);
        assert!(message.contains(&format!("layer 4 [yolo]: {key}: expected a number, found `{value}`")), "{message}");
    }
}

#[test]
fn a_first_layer_that_looks_back_is_told_that_nothing_is_there() {
    let message = refused("[net]\nwidth=32\nheight=32\n[route]\nlayers=-1\n", Decode::Auto);
    assert!(
        message.contains("a.cfg:5: layer 0 [route]: layers=-1 means layer -1, but there is no layer before"),
        "{message}"
    );
}
