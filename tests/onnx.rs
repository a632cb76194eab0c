//! ONNX: what is written is read again as the same graph with the same numbers; what is not read says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::path::{Path, PathBuf};

use common::heads;
use yolov4::{
    Tensor,
    low_level::{
        graph::{Head, NodeId, Params, fold::fold},
        model::{
            CfgOptions, Model, bundle_writer,
            onnx::{self, OnnxOptions, OnnxOutputs},
            random::Random,
            scaled::Recipe,
        },
        oracle,
    },
};

/// A network with seeded numbers and a few classes.
fn narrow(name: &str, size: usize) -> (Model, Params) {
    let recipe = Recipe { width: 0.1, depth: 0.2, classes: 3, size: (size, size), ..Recipe::named(name).unwrap() };
    let mut model = recipe.network().unwrap();
    model.labels = ["a", "b", "c"].map(str::to_owned).to_vec();
    let params = model.random_params(7);
    (model, params)
}

fn facts(head: &Head) -> (NodeId, &[(f32, f32)], usize, f32, bool) {
    (head.input, &head.anchors, head.classes, head.scale_x_y, head.new_coords)
}

fn file(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("net.onnx")
}

#[test]
fn a_network_is_read_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    for (name, size) in [("yolov4-tiny", 64), ("yolov4", 64), ("yolov4-csp", 64), ("yolov4-p5", 64), ("yolov4-p7", 128)]
    {
        let (model, params) = narrow(name, size);
        for outputs in [OnnxOutputs::Heads, OnnxOutputs::Boxes] {
            let options = OnnxOptions { outputs, dynamic_batch: outputs == OnnxOutputs::Boxes, ..Default::default() };
            onnx::save(&model, &params, &options, &file(&dir)).unwrap();
            let again = Model::open(file(&dir), &CfgOptions::default()).unwrap();
            let (folded, numbers) = fold(model.graph.clone(), params.clone()).unwrap();
            assert_eq!(again.graph.nodes.len(), folded.nodes.len(), "{name}");
            for (ours, theirs) in folded.nodes.iter().zip(&again.graph.nodes) {
                assert_eq!((&ours.op, &ours.inputs, ours.shape), (&theirs.op, &theirs.inputs, theirs.shape), "{name}");
            }
            assert!(folded.heads.iter().map(facts).eq(again.graph.heads.iter().map(facts)), "{name}");
            assert_eq!(again.params.as_ref().unwrap(), &numbers, "{name}");
            assert_eq!((&again.labels, again.preprocess), (&model.labels, model.preprocess), "{name}");
            assert_eq!(again.defaults.nms_kind, model.defaults.nms_kind, "{name}");
            assert_eq!(heads(&folded, &numbers), heads(&again.graph, again.params.as_ref().unwrap()), "{name}");
        }
    }
}

#[test]
fn every_op_of_a_cfg_goes_there_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[net]\nwidth=32\nheight=32\nchannels=3\n\
        [convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\nstride=2\npad=1\nactivation=swish\n\
        [convolutional]\nfilters=8\nsize=3\npad=1\ngroups=8\nactivation=relu6\n\
        [convolutional]\nfilters=8\nsize=3\ndilation=2\npadding=1\nactivation=hard_mish\n\
        [shortcut]\nfrom=-3,-2\nactivation=elu\n\
        [avgpool]\n\
        [convolutional]\nfilters=8\nsize=1\nactivation=relu\n\
        [scale_channels]\nfrom=-3\nactivation=logistic\n\
        [sam]\nfrom=-4\n\
        [local_avgpool]\nsize=3\nstride=2\npadding=2\n\
        [maxpool]\nsize=2\nstride=1\n\
        [upsample]\nstride=2\n\
        [route]\nlayers=-1,-4\n\
        [route]\nlayers=-1\ngroups=4\ngroup_id=2\n\
        [batchnorm]\n\
        [activation]\nactivation=leaky\nleaky_slope=0.2\n\
        [convolutional]\nfilters=6\nsize=1\nactivation=mish\n\
        [yolo]\nmask=0\nanchors=4,5\nclasses=1\nnum=1\n";
    let cfg = dir.path().join("net.cfg");
    std::fs::write(&cfg, text).unwrap();
    let model = Model::from_cfg(&cfg, &CfgOptions::default()).unwrap();
    let params = model.random_params(3);
    onnx::save(&model, &params, &OnnxOptions::default(), &file(&dir)).unwrap();
    let again = Model::open(file(&dir), &CfgOptions::default()).unwrap();
    let (folded, numbers) = fold(model.graph.clone(), params).unwrap();
    assert_eq!(folded.nodes.len(), again.graph.nodes.len());
    for (ours, theirs) in folded.nodes.iter().zip(&again.graph.nodes) {
        assert_eq!((&ours.op, &ours.inputs, ours.shape), (&theirs.op, &theirs.inputs, theirs.shape), "{}", ours.name);
    }
    assert_eq!(heads(&folded, &numbers), heads(&again.graph, again.params.as_ref().unwrap()));
}

#[test]
fn sixteen_bits_are_half_as_large_and_close() {
    let dir = tempfile::tempdir().unwrap();
    let (model, params) = narrow("yolov4-csp", 64);
    let bytes = |half| {
        onnx::save(&model, &params, &OnnxOptions { half, ..Default::default() }, &file(&dir)).unwrap();
        std::fs::metadata(file(&dir)).unwrap().len()
    };
    let (full, half) = (bytes(false), bytes(true));
    assert!(half * 10 < full * 6, "{half} of {full}");
    let again = Model::open(file(&dir), &CfgOptions::default()).unwrap();
    let (folded, numbers) = fold(model.graph.clone(), params.clone()).unwrap();
    for (want, got) in heads(&folded, &numbers).iter().zip(heads(&again.graph, again.params.as_ref().unwrap())) {
        let worst = want.data.iter().zip(&got.data).map(|(w, g)| (w - g).abs()).fold(0.0, f32::max);
        assert!(worst > 0.0 && worst < 0.02, "{worst}");
    }
}

#[test]
fn another_size_is_another_size() {
    let dir = tempfile::tempdir().unwrap();
    let (model, params) = narrow("yolov4-tiny", 64);
    onnx::save(&model, &params, &OnnxOptions::default(), &file(&dir)).unwrap();
    let options = CfgOptions { size: Some((96, 64)), ..CfgOptions::default() };
    let again = Model::open(file(&dir), &options).unwrap();
    assert_eq!((again.graph.input_shape().w, again.graph.input_shape().h), (96, 64));
    assert!(again.notes.iter().any(|note| note.contains("64x64")), "{:?}", again.notes);
}

/// Bytes of a message's field that is text or another message.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 127 {
        out.push(length as u8 | 128);
        length >>= 7;
    }
    out.push(length as u8);
    [out, bytes.to_vec()].concat()
}

/// A file with one node of that operator, reading `input`, [1, 3, 8, 8], and named `n`.
fn one_node(op: &str, domain: &str) -> Vec<u8> {
    let node =
        [field(1, b"input"), field(2, b"out"), field(3, b"n"), field(4, op.as_bytes()), field(7, domain.as_bytes())]
            .concat();
    let axis = |n: u8| field(1, &[8, n]);
    let shape = [axis(1), axis(3), axis(8), axis(8)].concat();
    let kind = field(1, &[vec![8, 1], field(2, &shape)].concat());
    let input = [field(1, b"input"), field(2, &kind)].concat();
    let conv = [field(1, b"out"), field(1, b"w"), field(2, b"end"), field(3, b"last"), field(4, b"Conv")].concat();
    let kernel = [vec![8, 6, 8, 3, 8, 1, 8, 1, 16, 1], field(8, b"w"), field(9, &[0; 72])].concat();
    field(7, &[field(1, &node), field(1, &conv), field(5, &kernel), field(11, &input)].concat())
}

/// A message's field that is a tensor of f32.
fn floats(name: &str, dims: &[u8], list: &[f32]) -> Vec<u8> {
    let axes: Vec<u8> = dims.iter().flat_map(|n| [8, *n]).collect();
    let raw: Vec<u8> = list.iter().flat_map(|v| v.to_le_bytes()).collect();
    field(5, &[axes, vec![16, 1], field(8, name.as_bytes()), field(9, &raw)].concat())
}

fn node(op: &str, inputs: &[&str], output: &str) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|name| field(1, name.as_bytes())).collect();
    field(1, &[inputs, field(2, output.as_bytes()), field(4, op.as_bytes())].concat())
}

#[test]
fn a_bias_before_a_batch_norm_counts() {
    let dir = tempfile::tempdir().unwrap();
    let cfg = dir.path().join("like.cfg");
    std::fs::write(
        &cfg,
        "[net]\nwidth=8\nheight=8\nchannels=3\n[convolutional]\nfilters=6\nsize=1\nactivation=linear\n\
         [yolo]\nmask=0\nanchors=4,5\nclasses=1\nnum=1\n",
    )
    .unwrap();
    let like = Model::from_cfg(&cfg, &CfgOptions::default()).unwrap();
    let axis = |n: u8| field(1, &[8, n]);
    let kind = field(1, &[vec![8, 1], field(2, &[axis(1), axis(3), axis(8), axis(8)].concat())].concat());
    let input = field(11, &[field(1, b"input"), field(2, &kind)].concat());
    let (bias, gamma, beta, mean, var) =
        ([0.5f32, -1.0], [2.0f32, 3.0], [0.25f32, 1.0], [0.125f32, -0.5], [4.0f32, 0.25]);
    let graph = [
        node("Conv", &["input", "w", "b"], "c"),
        node("BatchNormalization", &["c", "g", "t", "m", "v"], "n"),
        node("Conv", &["n", "x"], "end"),
        floats("w", &[2, 3, 1, 1], &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
        floats("b", &[2], &bias),
        floats("g", &[2], &gamma),
        floats("t", &[2], &beta),
        floats("m", &[2], &mean),
        floats("v", &[2], &var),
        floats("x", &[6, 2, 1, 1], &[1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        input,
    ]
    .concat();
    std::fs::write(file(&dir), field(7, &graph)).unwrap();
    let model = onnx::open(&file(&dir), &CfgOptions::default(), Some(&like)).unwrap();
    let shape = model.graph.input_shape();
    let picture = Tensor { shape, data: (0..shape.elements()).map(|i| i as f32 / 100.0).collect() };
    let end = model.graph.heads[0].input;
    let played = oracle::play(&model.graph, model.params.as_ref().unwrap(), &picture, &[end]).unwrap();
    for channel in 0..2 {
        for (got, x) in played[&end].plane(channel).iter().zip(picture.plane(channel)) {
            let root = (var[channel] + 1e-5).sqrt();
            let want = gamma[channel] * (x + bias[channel] - mean[channel]) / root + beta[channel];
            assert!((got - want).abs() < 1e-5, "{got} instead of {want}");
        }
    }
    // And through a cfg, whose sections have either.
    let bundled = dir.path().join("net.safetensors");
    bundle_writer::save(&model, model.params.as_ref().unwrap(), false, &bundled).unwrap();
    let again = Model::open(&bundled, &CfgOptions::default()).unwrap();
    assert_eq!(
        heads(&again.graph, again.params.as_ref().unwrap()),
        heads(&model.graph, model.params.as_ref().unwrap())
    );
}

#[test]
fn what_is_not_read_names_the_node_and_the_operator() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |bytes: &[u8], like: Option<&Model>| {
        std::fs::write(file(&dir), bytes).unwrap();
        let said = onnx::open(&file(&dir), &CfgOptions::default(), like).unwrap_err().to_string();
        assert!(said.contains("net.onnx: "), "{said}");
        said
    };
    let said = refused(&one_node("LSTM", ""), None);
    assert!(said.contains("node `n` (LSTM): `LSTM` is not read here; known are Add, AveragePool"), "{said}");
    let said = refused(&one_node("Relu", "com.someone"), None);
    assert!(said.contains("operators of `com.someone` are not read"), "{said}");
    let said = refused(&one_node("Tanh", ""), None);
    assert!(said.contains("tanh(softplus(x))"), "{said}");
    // Read, and nobody says what the heads are.
    let said = refused(&one_node("Relu", ""), None);
    assert!(said.contains("its last convolutions give 6x8x8") && said.contains("--like"), "{said}");
    let (tiny, _) = narrow("yolov4-tiny", 32);
    let said = refused(&one_node("Relu", ""), Some(&tiny));
    assert!(said.contains("at 8x8, as this one is"), "{said}");
    for bytes in [&b""[..], b"not an onnx file", b"\x08\x07", &[0xff; 64]] {
        let said = refused(bytes, None);
        assert!(said.contains("is no ONNX file"), "{said}");
    }
    // Cut off anywhere: an error, and no panic.
    let (model, params) = narrow("yolov4-tiny", 32);
    onnx::save(&model, &params, &OnnxOptions::default(), &file(&dir)).unwrap();
    let whole = std::fs::read(file(&dir)).unwrap();
    for cut in (0..whole.len()).step_by(whole.len() / 97) {
        std::fs::write(file(&dir), &whole[..cut]).unwrap();
        assert!(onnx::open(&file(&dir), &CfgOptions::default(), None).is_err(), "{cut} of {}", whole.len());
    }
}

#[test]
fn a_file_that_cannot_be_written_is_not_there() {
    let (model, params) = narrow("yolov4-tiny", 32);
    let none = Path::new("/nonexistent/folder/net.onnx");
    assert!(onnx::save(&model, &params, &OnnxOptions::default(), none).is_err());
    let dir = tempfile::tempdir().unwrap();
    assert!(
        onnx::save(&model, &Params(vec![None; model.graph.nodes.len()]), &OnnxOptions::default(), &file(&dir)).is_err()
    );
    assert!(!file(&dir).exists());
}

#[test]
fn changed_bytes_do_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let (model, params) = narrow("yolov4-tiny", 32);
    onnx::save(&model, &params, &OnnxOptions::default(), &file(&dir)).unwrap();
    let whole = std::fs::read(file(&dir)).unwrap();
    let mut random = Random::new(9);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..1500 {
        let mut bytes = whole.clone();
        for _ in 0..1 + random.bits() % 3 {
            // Numbers of weights are most of a file: what is around them is at either end.
            let at = random.bits() as usize % bytes.len();
            let at = if random.bits().is_multiple_of(2) { at % 4000 } else { bytes.len() - 1 - at % 4000 };
            bytes[at] = (random.bits() >> 8) as u8;
        }
        std::fs::write(file(&dir), &bytes).unwrap();
        match onnx::open(&file(&dir), &CfgOptions::default(), None) {
            Ok(model) => read += usize::from(!model.graph.heads.is_empty()),
            Err(e) => refused += usize::from(e.to_string().len() < 2000),
        }
    }
    assert!(read + refused == 1500 && read > 100 && refused > 100, "{read} read, {refused} refused");
}
