//! The networks in checkpoints, beside what PyTorch computes with them and beside their twins.

use yolov4::{
    Shape, Tensor,
    low_level::{
        graph::NodeId,
        model::{CfgOptions, Model, WeightsOptions, bundle, bundle_writer, darknet},
        oracle,
    },
};

use super::{common, parts::fixture};

/// A `.npy` of NumPy's version 1, f32 or u8 in C order: shape and numbers.
fn npy(name: &str) -> (Vec<usize>, Vec<f32>) {
    let bytes = std::fs::read(fixture(name)).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    assert!(header.contains("'fortran_order': False"), "{header}");
    let shape = header.split_once("'shape': (").unwrap().1.split_once(')').unwrap().0;
    let shape = shape.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let data = &bytes[10 + length..];
    let numbers = if header.contains("'<f4'") {
        data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
    } else {
        assert!(header.contains("'|u1'"), "{header}");
        data.iter().map(|b| f32::from(*b)).collect()
    };
    (shape, numbers)
}

/// Of a list beside the one that is right.
fn relative(got: &[f32], want: &[f32]) -> f64 {
    assert_eq!(got.len(), want.len());
    let sum = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let off = sum(&mut got.iter().zip(want).map(|(g, w)| f64::from(*g) - f64::from(*w)));
    off / sum(&mut want.iter().map(|w| f64::from(*w)))
}

fn open(name: &str) -> Model {
    let options = CfgOptions { size: Some((64, 64)), ..CfgOptions::default() };
    Model::open(fixture(name), &options).unwrap()
}

/// What enters the heads for the picture of the fixtures.
fn heads(model: &Model) -> Vec<Vec<f32>> {
    let (shape, numbers) = npy("picture.npy");
    assert_eq!(shape, [1, 3, 64, 64]);
    let input = Tensor::new(Shape::new(3, 64, 64), numbers.iter().map(|v| v / 255.0).collect()).unwrap();
    let keep: Vec<NodeId> = model.graph.heads.iter().map(|head| head.input).collect();
    let played = oracle::play(&model.graph, model.params.as_ref().unwrap(), &input, &keep).unwrap();
    keep.iter().map(|id| played[id].data.clone()).collect()
}

/// PyTorch's raw heads; ours are logistic already.
fn torch(kind: &str) -> Vec<Vec<f32>> {
    let logistic = |name: String| npy(&name).1.into_iter().map(|v| 1.0 / (1.0 + (-v).exp())).collect();
    (0..2).map(|head| logistic(format!("{kind}_head{head}.npy"))).collect()
}

#[test]
fn checkpoints_compute_what_pytorch_computes() {
    for (file, kind) in [
        ("zip_f32.pt", "f32"),
        ("legacy_f32.pt", "f32"),
        ("zip_f16.pt", "f16"),
        ("legacy_f16.pt", "f16"),
        ("state_dict.pt", "f16"),
    ] {
        let model = open(file);
        assert_eq!(model.graph.classes(), 2, "{file}");
        let labels: &[&str] = if file == "state_dict.pt" { &[] } else { &["cat", "dog"] };
        assert_eq!(model.labels, labels, "{file}");
        let (ours, theirs) = (heads(&model), torch(kind));
        for (head, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            let off = relative(ours, theirs);
            println!("{file}, head {head}: {off:.1e}");
            assert!(off < 1e-5, "{file}, head {head}: {off}");
        }
        assert_ne!(torch("f32"), torch("f16"));
        // Anchors in pixels, the finest head first; a state dict has no strides and says them in cells.
        let anchors: Vec<_> = model.graph.heads.iter().map(|head| head.anchors.clone()).collect();
        let expected = [
            vec![(13.0, 17.0), (31.0, 25.0), (24.0, 51.0), (61.0, 45.0)],
            vec![(48.0, 102.0), (119.0, 96.0), (97.0, 189.0), (217.0, 184.0)],
        ];
        assert_eq!(anchors, expected, "{file}");
    }
}

#[test]
fn a_checkpoint_without_a_size_says_which_it_takes() {
    let model = Model::open(fixture("zip_f16.pt"), &CfgOptions::default()).unwrap();
    assert_eq!(model.graph.input_shape(), Shape::new(3, 640, 640));
    assert!(model.notes.iter().any(|note| note.contains("no input size")), "{:?}", model.notes);
}

#[test]
fn one_file_and_weights_of_a_checkpoint_compute_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let model = open("zip_f32.pt");
    let want = heads(&model);
    let file = dir.path().join("net.safetensors");
    bundle_writer::save(&model, model.params.as_ref().unwrap(), false, &file).unwrap();
    let bundled = bundle::open(&file, &CfgOptions::default()).unwrap();
    assert_eq!(heads(&bundled), want, "to the bit");
    assert_eq!(bundled.labels, model.labels);
    assert_eq!((bundled.preprocess, bundled.defaults), (model.preprocess, model.defaults));
    let half = dir.path().join("half.safetensors");
    bundle_writer::save(&model, model.params.as_ref().unwrap(), true, &half).unwrap();
    let halved = bundle::open(&half, &CfgOptions::default()).unwrap();
    for (got, want) in heads(&halved).iter().zip(&want) {
        let off = relative(got, want);
        assert!(off > 0.0 && off < 5e-3, "{off}");
    }
    assert!(std::fs::metadata(&half).unwrap().len() < std::fs::metadata(&file).unwrap().len());
    // Darknet's weights have no epsilon of their own: it goes into the variance.
    let (text, again, params) = darknet::write::rewritten(&model, model.params.as_ref().unwrap()).unwrap();
    let (cfg, weights) = (dir.path().join("net.cfg"), dir.path().join("net.weights"));
    std::fs::write(&cfg, text).unwrap();
    again.save_weights(&darknet::write::with_darknets_epsilon(&params), &weights).unwrap();
    let mut read = Model::from_cfg(&cfg, &CfgOptions::default()).unwrap();
    read.params = Some(read.load_weights(&weights, &WeightsOptions::default(), &mut vec![]).unwrap());
    for (got, want) in heads(&read).iter().zip(&want) {
        assert!(relative(got, want) < 1e-6);
    }
}

#[test]
fn a_real_checkpoint_is_its_darknet_twin() {
    let Some(data) = common::test_data() else { return };
    let folder = data.join("models/yolov5n");
    let options = CfgOptions { size: Some((320, 320)), ..CfgOptions::default() };
    let model = Model::open(folder.join("yolov5n.pt"), &options).unwrap();
    let twin = Model::from_cfg(folder.join("yolov5n.cfg"), &options).unwrap();
    let numbers = twin.load_weights(folder.join("yolov5n.weights"), &WeightsOptions::default(), &mut vec![]).unwrap();
    assert_eq!(model.labels.len(), 80);
    assert_eq!(model.labels[..2], ["person", "bicycle"]);
    let shape = model.graph.input_shape();
    let mut random = yolov4::low_level::model::random::Random::new(3);
    let input = Tensor { shape, data: (0..shape.elements()).map(|_| random.signed().abs()).collect() };
    let play = |graph: &yolov4::low_level::graph::Graph, params| {
        let keep: Vec<NodeId> = graph.heads.iter().map(|head| head.input).collect();
        let played = oracle::play(graph, params, &input, &keep).unwrap();
        keep.iter().map(|id| played[id].data.clone()).collect::<Vec<_>>()
    };
    let (ours, theirs) = (play(&model.graph, model.params.as_ref().unwrap()), play(&twin.graph, &numbers));
    assert_eq!(ours.len(), 3);
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let off = relative(ours, theirs);
        println!("yolov5n: {off:.1e}");
        assert!(off < 1e-4, "{off}");
    }
    for (ours, theirs) in model.graph.heads.iter().zip(&twin.graph.heads) {
        assert_eq!(ours.anchors, theirs.anchors);
        assert_eq!(
            (ours.classes, ours.scale_x_y, ours.new_coords),
            (theirs.classes, theirs.scale_x_y, theirs.new_coords)
        );
    }
}
