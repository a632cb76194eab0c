//! The pipeline from a graph as loaded to a plan.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use yolov4::low_level::{
    graph::{
        Activation, Builder, Conv, Epilogue, Keep, NodeId, Op, Params, Pool, Target, compile::compile, plan::Plan,
    },
    model::scaled::Recipe,
    tensor::Shape,
};

const POOL: Pool = Pool { size: 3, stride_y: 1, stride_x: 1, padding: 2 };

const CONV: Conv = Conv {
    filters: 4,
    size: 1,
    stride_y: 1,
    stride_x: 1,
    pad: 0,
    dilation: 1,
    groups: 1,
    bias: true,
    epilogue: Epilogue::NONE,
};

#[test]
fn a_graph_is_compiled_without_its_numbers_as_with_them() {
    for name in ["yolov4-tiny", "yolov4-csp"] {
        let network = Recipe::named(name).unwrap().network().unwrap();
        let with = |params| compile(network.graph.clone(), params, &Target::default()).unwrap();
        let (bare, numbered) = (with(Params::default()), with(network.random_params(0)));
        assert_eq!((bare.graph, bare.plan.steps), (numbered.graph, numbered.plan.steps), "{name}");
        assert!(bare.params.0.iter().all(Option::is_none) && numbered.params.0.iter().any(Option::is_some), "{name}");
    }
}

#[test]
fn values_live_as_long_as_they_are_asked_to() {
    // Six of one size in a row: two slots take turns.
    let mut builder = Builder::new(Shape::new(4, 8, 8)).unwrap();
    let mut all = vec![NodeId(0)];
    for _ in 0..6 {
        let before = all[all.len() - 1];
        all.push(builder.add("pool", None, Op::MaxPool(POOL), &[before]).unwrap());
    }
    let graph = builder.finish();
    let plan = |keep, persistent| Plan::new(&graph, &Target { keep, persistent, ..Target::default() });
    assert_eq!(plan(Keep::Heads, vec![]).slots.len(), 2);
    let slot = |plan: &Plan, id: NodeId| plan.slots[plan.views(id)[0].slot.0].clone();
    // What is saved is the last to move in, wherever others were before.
    let saved = plan(Keep::Nodes(vec![all[4], all[6]]), vec![]);
    let tenants = slot(&saved, all[4]).tenants;
    assert!(tenants.len() > 1 && tenants.last().unwrap().region == all[4], "{tenants:?}");
    // What is persistent was there before, and lets nobody in.
    let persistent = plan(Keep::Nodes(vec![all[6]]), vec![all[4]]);
    let tenants = slot(&persistent, all[4]).tenants;
    assert_eq!((tenants.len(), tenants[0].first, tenants[0].last), (1, 0, usize::MAX));
    assert_eq!((saved.slots.len(), persistent.slots.len()), (2 + 1, 2 + 1));
    // Both have values of their own, where others go into a neighbour.
    let mut builder = Builder::new(Shape::new(4, 8, 8)).unwrap();
    let conv = builder.add("conv", None, Op::Conv(CONV), &[NodeId(0)]).unwrap();
    let mish = builder.add("mish", None, Op::Activation(Activation::Mish), &[conv]).unwrap();
    let graph = builder.finish();
    let nodes = |kept: &[NodeId], persistent| {
        let target = Target { keep: Keep::Nodes(kept.to_vec()), persistent, ..Target::default() };
        compile(graph.clone(), Params::default(), &target).unwrap().graph.nodes.len()
    };
    assert_eq!(nodes(&[mish], vec![]), 2);
    assert_eq!(nodes(&[mish], vec![conv]), 3);
    assert_eq!(nodes(&[conv, mish], vec![]), 3);
}
