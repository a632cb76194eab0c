//! The player for processors against the oracle: every problem of the suite, and the networks of the family.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use yolov4::{
    Detector, Heads, PlayerChoice, Tensor,
    low_level::{
        cpu::CpuProgram,
        graph::{Keep, NodeId},
        model::scaled::NAMES,
        oracle,
    },
};
use yolov4_suite::problems::{compare, suite};

#[test]
fn every_problem_agrees_with_the_oracle() {
    let problems = suite();
    assert!(problems.len() > 100, "{}", problems.len());
    for problem in &problems {
        let program = CpuProgram::new(&problem.graph, problem.params.clone(), Keep::All, &mut |_, _| {}).unwrap();
        let (_, values) = program.play(&problem.input).unwrap_or_else(|e| panic!("{}: {e}", problem.name));
        let all: Vec<NodeId> = values.keys().copied().collect();
        let want = oracle::play(&problem.graph, &problem.params, &problem.input, &all).unwrap();
        assert!(!values.is_empty(), "{}", problem.name);
        for (node, got) in &values {
            compare(got, &want[node], problem.tolerance)
                .unwrap_or_else(|e| panic!("{}, node {}: {e}", problem.name, node.0));
        }
    }
}

/// How far the values lie from what they should be, as a part of it.
fn apart(got: &Tensor, want: &Tensor) -> f64 {
    assert_eq!(got.shape, want.shape);
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
    let error = square(&mut got.data.iter().zip(&want.data).map(|(g, w)| f64::from(g - w)));
    (error / square(&mut want.data.iter().map(|w| f64::from(*w)))).sqrt()
}

/// The demo network whole: input, a layer in the middle, heads.
#[test]
fn what_enters_the_heads_is_what_the_oracle_computes() {
    let play = |player| -> Heads {
        let builder = Detector::builder().model("demo").size((128, 96)).keep_heads(true).keep_layer(10).player(player);
        builder.build().unwrap().heads("assets/images/rain.jpg").unwrap()
    };
    let (got, want) = (play(PlayerChoice::Cpu), play(PlayerChoice::Oracle));
    assert_eq!(got.input, want.input);
    let pairs = got.heads.iter().zip(&want.heads).chain(got.node.iter().zip(&want.node));
    let worst = pairs.map(|(got, want)| apart(got, want)).fold(0.0, f64::max);
    assert!(got.heads.len() == 3 && got.node.is_some() && worst < 1e-5, "{worst}");
}

/// The whole family as the paper builds it, as small as its strides allow, with random weights.
#[test]
#[ignore = "long"]
fn every_network_of_the_family_agrees_with_the_oracle() {
    let image = image::open("assets/images/rain.jpg").unwrap();
    for name in NAMES {
        let side = if name.ends_with("p7") { 128 } else { 64 };
        let play = |player, layer| -> Option<Heads> {
            let builder = Detector::builder().model(name).random_weights(7).size((side, side)).player(player);
            Some(builder.keep_layer(layer).build().ok()?.heads(&image).unwrap())
        };
        // Random weights leave little of the picture in the heads of a deep network: a layer of the backbone, too.
        let (layer, got) = (20..).find_map(|layer| Some((layer, play(PlayerChoice::Cpu, layer)?))).unwrap();
        let want = play(PlayerChoice::Oracle, layer).unwrap();
        let pairs = got.heads.iter().zip(&want.heads).chain(got.node.iter().zip(&want.node));
        let worst = pairs.map(|(got, want)| apart(got, want)).fold(0.0, f64::max);
        assert!(
            got.node.is_some_and(|node| node.data.iter().any(|v| v.abs() > 1e-3)),
            "{name}: nothing is left at layer {layer}"
        );
        println!("{name} {side}: heads and layer {layer} {worst:.1e} apart");
        assert!(got.heads.len() == want.heads.len() && worst < 1e-4, "{name}: {worst}");
    }
}
