//! A network in one file: what is written is what is read, and what is wrong is said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::{collections::HashMap, path::Path};

use safetensors::{Dtype, tensor::TensorView};
use yolov4::{
    Detector, DetectorBuilder, Picture, PlayerChoice,
    low_level::{
        graph::{Head, NodeParams, explain::Totals},
        host::ResizeMode,
        model::{
            CfgOptions, Model, WeightsOptions, bundle, bundle_writer, darknet,
            scaled::{self, Recipe},
        },
    },
};

const NAMES: &str = "a\nb\nc";

/// A narrow network of three classes, its weights, and the file's parts.
struct Parts {
    network: Model,
    facts: HashMap<String, String>,
    tensors: Vec<(String, Vec<f32>)>,
}

fn parts() -> Parts {
    let recipe = Recipe { width: 0.125, classes: 3, size: (64, 64), ..Recipe::named("yolov4-tiny").unwrap() };
    let network = recipe.network().unwrap();
    let params = network.random_params(5);
    let mut tensors = Vec::new();
    for layer in network.graph.weighted() {
        let mut put = |part: &str, list: &[f32]| tensors.push((format!("layer.{}.{part}", layer.layer), list.to_vec()));
        if let Some(NodeParams::BatchNorm { beta, gamma, mean, var, .. }) = layer.norm.and_then(|id| params.get(id)) {
            put("beta", beta);
            put("gamma", gamma);
            put("mean", mean);
            put("var", var);
        }
        if let Some(NodeParams::Conv { weights, bias }) = layer.conv.and_then(|id| params.get(id)) {
            put("weights", weights);
            bias.iter().for_each(|bias| put("bias", bias));
        }
    }
    let facts = [("format", "yolov4"), ("cfg", &recipe.cfg().unwrap()), ("names", NAMES), ("bn_eps", "0.001")];
    let facts = facts.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    Parts { network, facts, tensors }
}

impl Parts {
    fn bytes(&self) -> Vec<u8> {
        let view = |list: &[f32]| list.iter().flat_map(|f| f.to_le_bytes()).collect::<Vec<u8>>();
        let stored: Vec<(&String, Vec<u8>)> = self.tensors.iter().map(|(name, list)| (name, view(list))).collect();
        let views = stored
            .iter()
            .map(|(name, bytes)| (*name, TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes).unwrap()));
        safetensors::serialize(views, Some(self.facts.clone())).unwrap()
    }

    fn read(&self) -> yolov4::Result<Model> {
        bundle::read(Path::new("net.safetensors"), &self.bytes(), &CfgOptions::default())
    }

    fn error(&self) -> String {
        self.read().unwrap_err().to_string()
    }
}

#[test]
fn what_was_written_is_read() {
    let parts = parts();
    let mut read = parts.read().unwrap();
    assert_eq!(read.graph, parts.network.graph);
    assert_eq!(read.labels, ["a", "b", "c"]);
    assert_eq!(
        (read.defaults.score_threshold, read.defaults.iou_threshold, read.preprocess.resize),
        (0.25, 0.45, ResizeMode::DarknetFile)
    );
    let mut expected = parts.network.random_params(5);
    let eps = |params: &mut yolov4::low_level::graph::Params, value: f32| {
        for node in params.0.iter_mut().flatten() {
            if let NodeParams::BatchNorm { eps, .. } = node {
                *eps = value;
            }
        }
    };
    eps(&mut expected, 0.001);
    assert_eq!(read.params, Some(expected.clone()), "the file's own epsilon");
    eps(&mut expected, 0.5);
    let options = WeightsOptions { bn_eps: Some(0.5), ..WeightsOptions::default() };
    assert_eq!(read.take_params(&options), Some(expected), "the user's epsilon");
    assert_eq!(read.params, None);
}

#[test]
fn how_it_is_used_comes_with_it() {
    let mut parts = parts();
    for (key, value) in [("resize", "pytorch"), ("conf", "0.4"), ("nms", "0.65")] {
        parts.facts.insert(key.into(), value.into());
    }
    let Model { defaults, preprocess, .. } = parts.read().unwrap();
    assert_eq!((defaults.score_threshold, defaults.iou_threshold, preprocess.resize), (0.4, 0.65, ResizeMode::Pytorch));
}

#[test]
fn what_is_wrong_with_the_metadata_is_said() {
    for (key, value, expected) in [
        ("format", "other", "found format = other: tensors alone"),
        ("cfg", "[net]\nwidth=64\nheight=64\n[dense]\n", "net.safetensors:4: layer 0 [dense]"),
        ("names", "one", "metadata `names`: expected 3 lines, found 1"),
        ("bn_eps", "-1", "metadata `bn_eps`: expected a number of 0 or more, found `-1`"),
        ("conf", "7", "metadata `conf`: expected 0 to 1, found 7"),
        ("conf", "much", "metadata `conf`: expected a number of 0 or more, found `much`"),
        ("resize", "bicubic", "metadata `resize`: there is no mode `bicubic`"),
    ] {
        let mut parts = parts();
        parts.facts.insert(key.into(), value.into());
        let error = parts.error();
        assert!(error.contains(expected) && error.contains("net.safetensors"), "{key}={value}: {error}");
    }
    let mut parts = parts();
    parts.facts.remove("cfg");
    assert!(parts.error().contains("the metadata has no `cfg`"));
    parts.facts.clear();
    assert!(parts.error().contains("tensors alone do not say how they are wired"));
}

#[test]
fn what_is_wrong_with_the_tensors_is_said() {
    let mut missing = parts();
    let (name, _) = missing.tensors.remove(3);
    assert!(missing.error().contains(&format!("there is no tensor `{name}`")), "{}", missing.error());
    let mut short = parts();
    short.tensors[0].1.pop();
    assert!(short.error().contains("`layer.0.beta`: expected 8 numbers, found 7"), "{}", short.error());
    let mut more = parts();
    more.tensors.push(("layer.99.beta".into(), vec![0.0]));
    assert!(more.error().contains("tensors for the network of its cfg, found"), "{}", more.error());
    let mut broken = parts();
    broken.tensors[1].1[2] = f32::NAN;
    assert!(broken.error().contains("`layer.0.gamma`: number 2 is not finite"), "{}", broken.error());
    let whole = parts().bytes();
    for length in [0, 4, 100, whole.len() / 2, whole.len() - 1] {
        let error = bundle::read(Path::new("net.safetensors"), &whole[..length], &CfgOptions::default()).unwrap_err();
        assert!(error.to_string().contains("net.safetensors: not a safetensors file"), "{length} bytes: {error}");
    }
}

#[cfg(feature = "demo")]
#[test]
fn the_demo_network_is_what_the_builder_composes() {
    let entry = yolov4::low_level::model::zoo::named("demo").unwrap();
    let network = Model::open("demo", &CfgOptions::default()).unwrap();
    let anchors = [(10, 13), (16, 16), (13, 30), (22, 23), (30, 32), (26, 59), (44, 44), (58, 68), (91, 106)];
    let recipe = Recipe {
        width: 0.375,
        classes: 10,
        size: (320, 320),
        letterbox: true,
        anchors: anchors.iter().map(|(w, h)| (*w as f32, *h as f32)).collect(),
        ..Recipe::named("yolov4-tiny-3l").unwrap()
    };
    let built = recipe.network().unwrap();
    assert_eq!(network.graph, built.graph);
    assert_eq!((network.preprocess.letterbox, network.defaults.nms_kind), (true, built.defaults.nms_kind));
    assert_eq!((network.labels.len(), network.graph.classes()), (10, 10));
    assert!(network.params.is_some() && entry.weights.is_none());
    let bytes = std::fs::metadata(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.safetensors")).unwrap().len();
    assert!(bytes <= 2_000_000, "{bytes} bytes");
}

#[test]
fn files_in_memory_are_as_good_as_files() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = Recipe { width: 0.125, classes: 3, size: (64, 64), ..Recipe::named("yolov4-tiny").unwrap() };
    let network = recipe.network().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("net.cfg"), recipe.cfg().unwrap()).unwrap();
    std::fs::write(at("net.names"), NAMES).unwrap();
    network.save_weights(&network.random_params(5), at("net.weights")).unwrap();
    let oracle = || Detector::builder().player(PlayerChoice::Oracle).score_threshold(0.0).max_det(50);
    let build = |builder: DetectorBuilder| builder.build();
    let files = oracle().model(at("net.cfg")).weights(at("net.weights")).labels_file(at("net.names"));
    let held = |names: &str| {
        let bytes = |name: &str| std::fs::read(at(name)).unwrap();
        let held = oracle().file("x.cfg", bytes("net.cfg")).file("x.weights", bytes("net.weights"));
        held.file("x.names", names.as_bytes().to_vec()).model("x.cfg").weights("x.weights").labels_file("x.names")
    };
    let picture = Picture { width: 8, height: 8, rgba: (0..=255).collect() };
    let find = |mut detector: Detector| detector.detect(&picture).unwrap();
    let found = find(build(files).unwrap());
    assert_eq!(found.len(), 50);
    assert_eq!(found, find(build(held(NAMES)).unwrap()));
    let error = |builder| build(builder).unwrap_err().to_string();
    assert_eq!(error(held("a\nb")), "x.names: expected 3 class names for x.cfg, found 2");
    let odd = held(NAMES).file("x.cfg", b"[net]\nwidth=64\n[conv".to_vec());
    assert!(error(odd).starts_with("x.cfg:3: "));
    let short = held(NAMES).file("x.weights", vec![0; 100]);
    assert!(error(short).starts_with("x.weights: "));
}

#[test]
fn every_cfg_is_written_as_it_was_read() {
    for name in scaled::NAMES {
        same_again(&Recipe::named(name).unwrap().network().unwrap(), Path::new(name));
    }
    let Some(data) = common::test_data() else { return };
    let mut compared = 0;
    for folder in ["cfg", "yolov5n", "yolov4-tiny-voc", "yolo-fastest-1.1-xl"] {
        for entry in std::fs::read_dir(data.join("models").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "cfg") {
                same_again(&Model::from_cfg(&path, &CfgOptions::default()).unwrap(), &path);
                compared += 1;
            }
        }
    }
    assert!(compared > 10, "{compared}");
}

/// Written and read again: the same graph but for names, the same weights file.
fn same_again(model: &Model, path: &Path) {
    let (text, again, _) = darknet::write::rewritten(model, &model.random_params(1)).unwrap();
    assert_eq!(model.graph.nodes.len(), again.graph.nodes.len(), "{}\n{text}", path.display());
    for (ours, theirs) in model.graph.nodes.iter().zip(&again.graph.nodes) {
        assert_eq!((&ours.op, &ours.inputs, ours.shape), (&theirs.op, &theirs.inputs, theirs.shape), "{}", ours.name);
    }
    for (ours, theirs) in model.graph.heads.iter().zip(&again.graph.heads) {
        let facts = |h: &Head| (h.input, h.anchors.clone(), h.classes, h.scale_x_y, h.new_coords);
        assert_eq!(facts(ours), facts(theirs), "{}", path.display());
    }
    assert_eq!(model.graph.heads.len(), again.graph.heads.len());
    assert_eq!((model.preprocess, model.defaults), (again.preprocess, again.defaults), "{}", path.display());
    assert_eq!(Totals::new(&model.graph), Totals::new(&again.graph));
    assert_eq!(darknet::weights::expected_bytes(model), darknet::weights::expected_bytes(&again));
}

#[test]
fn a_batch_norm_behind_a_bias_is_a_layer_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (cfg, weights, file) =
        (dir.path().join("a.cfg"), dir.path().join("a.weights"), dir.path().join("a.safetensors"));
    std::fs::write(
        &cfg,
        "[net]\nwidth=8\nheight=8\nchannels=3\n[convolutional]\nfilters=6\nsize=1\nactivation=linear\n[batchnorm]\n\
         [yolo]\nmask=0\nanchors=4,5\nclasses=1\nnum=1\n",
    )
    .unwrap();
    let model = Model::from_cfg(&cfg, &CfgOptions::default()).unwrap();
    let params = model.random_params(4);
    model.save_weights(&params, &weights).unwrap();
    assert_eq!(std::fs::metadata(&weights).unwrap().len(), darknet::weights::expected_bytes(&model));
    assert_eq!(model.load_weights(&weights, &WeightsOptions::default(), &mut vec![]).unwrap(), params);
    bundle_writer::save(&model, &params, false, &file).unwrap();
    assert_eq!(Model::open(&file, &CfgOptions::default()).unwrap().params.unwrap(), params);
}
