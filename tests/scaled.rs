//! The paper's builder against the published cfgs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use yolov4::low_level::{
    graph::explain::Totals,
    model::{
        CfgOptions, Network, darknet,
        scaled::{NAMES, Plan, Recipe},
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
        let published = Network::from_cfg(&path, &CfgOptions::default()).unwrap();
        let built = Recipe::named(name).unwrap().network().unwrap();
        for ((id, ours), (_, theirs)) in built.graph.iter().zip(published.graph.iter()) {
            assert_eq!(ours, theirs, "{name}: node {}", id.0);
        }
        assert_eq!(built.graph, published.graph, "{name}");
        assert_eq!(
            (built.letterbox, built.nms, built.classes),
            (published.letterbox, published.nms, published.classes)
        );
        // In the order of the file: the same weights load.
        let order = |n: &Network| n.stored.iter().map(|c| (c.conv, c.norm, c.weights, c.filters)).collect::<Vec<_>>();
        assert_eq!(order(&built), order(&published), "{name}: the order of the weights file");
        compared += 1;
    }
    assert_eq!(compared, 8, "published cfgs at hand");
}

#[test]
fn the_wide_swish_network_is_as_large_as_published() {
    // No cfg of it is at hand; bytes of its weights as published.
    let network = Recipe::named("yolov4-csp-x-swish").unwrap().network().unwrap();
    assert_eq!(darknet::weights::expected_bytes(&network), 399_388_168);
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
        let recipe = Recipe { plan: Plan::Large { twice: true }, ..Recipe::named(name).unwrap() };
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
        assert_eq!(network.classes, 3, "{name}");
        assert_eq!(network.graph.heads.len(), recipe.heads, "{name}");
        let whole = Recipe::named(name).unwrap().network().unwrap();
        assert!(network.graph.nodes.len() <= whole.graph.nodes.len());
        assert_eq!(network.graph.nodes.len() == whole.graph.nodes.len(), recipe.plan == Plan::Tiny, "{name}: depth");
        let bytes = darknet::weights::expected_bytes;
        assert!(10 * bytes(&network) < bytes(&whole) * 2, "{name}: width");
    }
}
