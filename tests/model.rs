//! Published networks and their published numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use yolov4::low_level::{
    graph::Op,
    host::NmsKind,
    model::{CfgOptions, Decode, Model, WeightsOptions, darknet},
};

fn network(cfg: &std::path::Path, size: usize) -> Model {
    Model::from_cfg(cfg, &CfgOptions { size: Some((size, size)), ..Default::default() }).unwrap()
}

#[test]
fn every_published_cfg_has_its_published_numbers() {
    let Some(data) = common::test_data() else { return };
    for (name, row, cfg) in common::published(&data) {
        let number = |key: &str| row[key].as_u64().unwrap_or_else(|| panic!("{name}: {key}"));
        let net = network(&cfg, number("size") as usize);
        let stored = net.graph.weighted();
        assert_eq!(stored.len() as u64, number("conv"), "{name}: convolutions");
        assert_eq!(darknet::weights::expected_bytes(&net), number("weights_file_bytes"), "{name}: bytes");
        let kernel: u64 = stored.iter().map(|c| c.weights as u64).sum();
        assert_eq!(kernel, number("conv_weights"), "{name}: kernel elements");
        let biases: u64 = stored.iter().map(|c| c.filters as u64).sum();
        assert_eq!(kernel + biases, number("fused_params"), "{name}: fused parameters");
        let scales: u64 = stored.iter().filter(|c| c.norm.is_some()).map(|c| c.filters as u64).sum();
        assert_eq!(kernel + biases + scales, number("trainable_params"), "{name}: parameters");
        let macs: u64 = net.graph.iter().map(|(id, _)| net.graph.macs(id)).sum();
        let gflop = 2e-9 * macs as f64;
        assert!((gflop - row["conv_gflop"].as_f64().unwrap()).abs() < 1e-6, "{name}: {gflop} GFLOP");
        assert_eq!(u64::from(net.preprocess.letterbox), number("letter_box"), "{name}: letter_box");
        let heads = row["heads"].as_array().unwrap();
        assert_eq!(net.graph.heads.len(), heads.len(), "{name}: heads");
        for (head, want) in net.graph.heads.iter().zip(heads) {
            let shape = net.graph.node(head.input).shape;
            assert_eq!(head.layer as u64, want["layer"].as_u64().unwrap(), "{name}: layer of a head");
            assert_eq!(shape.w as u64, want["grid"][0].as_u64().unwrap(), "{name}: grid");
            assert_eq!(u64::from(head.new_coords), want["new_coords"].as_u64().unwrap(), "{name}: new_coords");
            assert!((f64::from(head.scale_x_y) - want["scale_x_y"].as_f64().unwrap()).abs() < 1e-6, "{name}");
            let all = want["anchors"].as_array().unwrap();
            for (anchor, m) in head.anchors.iter().zip(want["mask"].as_array().unwrap()) {
                let m = m.as_u64().unwrap() as usize;
                assert_eq!(f64::from(anchor.0), all[2 * m].as_f64().unwrap(), "{name}: anchor {m}");
                assert_eq!(f64::from(anchor.1), all[2 * m + 1].as_f64().unwrap(), "{name}: anchor {m}");
            }
        }
        let last = heads.last().unwrap();
        let beta = last["beta_nms"].as_f64().unwrap() as f32;
        let kind = match last["nms_kind"].as_str().unwrap() {
            "greedynms" => NmsKind::Diou { beta: 0.6 },
            "diounms" => NmsKind::Diou { beta },
            _ => NmsKind::Iou,
        };
        assert_eq!(net.defaults.nms_kind, kind, "{name}: NMS");
    }
}

#[test]
fn trained_weights_fit_to_the_byte() {
    let Some(data) = common::test_data() else { return };
    for name in ["yolov4-tiny-voc", "yolov5n", "yolo-fastest-1.1-xl"] {
        let base = data.join("models").join(name).join(name);
        let net = Model::from_cfg(base.with_extension("cfg"), &CfgOptions::default())
            .or_else(|_| Model::from_cfg(format!("{}.cfg", base.display()), &CfgOptions::default()))
            .unwrap();
        let mut notes = vec![];
        net.load_weights(format!("{}.weights", base.display()), &WeightsOptions::default(), &mut notes).unwrap();
        assert!(notes.is_empty(), "{name}: {notes:?}");
    }
}

#[test]
fn a_csp_cfg_with_linear_heads_is_taken_as_pytorch_wrote_it() {
    let Some(data) = common::test_data() else { return };
    let cfg = data.join("models/cfg/yolov4-csp.cfg");
    let parsed = darknet::cfg::Cfg::read(&cfg).unwrap();
    assert_eq!(
        darknet::published::fingerprint(&parsed),
        darknet::published::YOLOV4_CSP,
        "fingerprint: {}",
        darknet::published::fingerprint(&parsed)
    );
    let text = std::fs::read_to_string(&cfg).unwrap();
    let linear = text.replace("activation=logistic", "activation=linear").replace("new_coords=1", "new_coords=0");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("csp.cfg");
    std::fs::write(&path, linear).unwrap();
    let auto = Model::from_cfg(&path, &CfgOptions::default()).unwrap();
    assert!(auto.graph.heads.iter().all(|h| h.new_coords && h.scale_x_y == 2.0));
    assert!(auto.graph.heads.iter().all(|h| matches!(auto.graph.node(h.input).op, Op::Activation(_))));
    assert_eq!(auto.notes.len(), 1, "{:?}", auto.notes);
    let literal = Model::from_cfg(&path, &CfgOptions { decode: Decode::Darknet, ..Default::default() }).unwrap();
    assert!(literal.graph.heads.iter().all(|h| !h.new_coords));
    let other = text.replacen("filters=32", "filters=40", 1).replace("activation=logistic", "activation=linear");
    std::fs::write(&path, other.replace("new_coords=1", "new_coords=0")).unwrap();
    let other = Model::from_cfg(&path, &CfgOptions::default()).unwrap();
    assert!(other.graph.heads.iter().all(|h| !h.new_coords), "another network is taken at its word");
}
