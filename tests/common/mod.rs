//! What several suites share.
#![allow(dead_code, reason = "every suite compiles this file and uses a part of it")]

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use yolov4::{
    Tensor,
    low_level::{
        graph::{Graph, NodeId, Params},
        model::random::Random,
        oracle,
    },
};

/// The folder of trained networks and photos, from `YOLOV4_TEST_DATA`. Without it a test says so and returns; under
/// CI=true it fails.
pub fn test_data() -> Option<PathBuf> {
    match std::env::var_os("YOLOV4_TEST_DATA") {
        Some(path) => Some(PathBuf::from(path)),
        None => {
            assert!(std::env::var_os("CI").is_none_or(|v| v != "true"), "YOLOV4_TEST_DATA is not set under CI=true");
            println!("SKIPPED: set YOLOV4_TEST_DATA to the folder of test networks and photos");
            None
        }
    }
}

/// Every row of `models.json`: a network at a size, and its published numbers.
pub fn rows(data: &Path) -> Map<String, Value> {
    let text = std::fs::read_to_string(data.join("reference/models.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Name, published numbers and cfg of every row of `models.json` whose cfg is at hand: ten of them.
pub fn published(data: &Path) -> Vec<(String, Value, PathBuf)> {
    let located = rows(data).into_iter().map(|(name, row)| {
        let cfg = data.join("models/cfg").join(row["cfg"].as_str().unwrap());
        (name, row, cfg)
    });
    let found: Vec<_> = located.filter(|(_, _, cfg)| cfg.exists()).collect();
    assert_eq!(found.len(), 10, "rows of models.json whose cfg is at hand");
    found
}

/// What enters the heads for a seeded picture, by definition.
pub fn heads(graph: &Graph, params: &Params) -> Vec<Tensor> {
    let shape = graph.input_shape();
    let mut random = Random::new(5);
    let input = Tensor { shape, data: (0..shape.elements()).map(|_| random.signed().abs()).collect() };
    let keep: Vec<NodeId> = graph.heads.iter().map(|head| head.input).collect();
    let played = oracle::play(graph, params, &input, &keep).unwrap();
    keep.iter().map(|id| played[id].clone()).collect()
}
