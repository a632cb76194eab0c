//! Once for all: a network without its coarsest stages is the one that somebody would make of its cfg by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::{collections::BTreeMap, path::Path};

use common::heads;
use yolov4::low_level::{
    graph::{Activation, Graph, NodeParams, Op, Params, drop::drop_stages, explain::Totals, reach::reaches},
    model::{CfgOptions, Model, darknet, scaled::Recipe},
};

/// A network with seeded numbers, narrow and shallow.
fn narrow(name: &str, size: usize) -> (Recipe, Model, Params) {
    let recipe = Recipe { width: 0.1, depth: 0.2, classes: 2, size: (size, size), ..Recipe::named(name).unwrap() };
    let model = recipe.network().unwrap();
    let params = model.random_params(11);
    (recipe, model, params)
}

/// Sections of a cfg without the layers whose values have no more than `side` rows, and without what is enlarged from there: references
/// by hand, a join without the member that is gone. The text, and for each layer that is left its number before.
fn by_hand(cfg: &str, graph: &Graph, side: usize) -> (String, Vec<usize>) {
    let rows: BTreeMap<usize, usize> =
        graph.nodes.iter().filter_map(|node| Some((node.layer?, node.shape.h))).collect();
    let mut sections = cfg.split("\n[");
    let mut text = sections.next().unwrap().to_owned();
    // Of routes to one layer, which have no node: that layer.
    let mut alias: BTreeMap<usize, usize> = BTreeMap::new();
    let mut kept: Vec<usize> = vec![];
    let mut gone: Vec<usize> = vec![];
    for (layer, section) in sections.enumerate() {
        let section = format!("[{}", section.trim_end());
        let kind = section.lines().next().unwrap().trim().to_owned();
        let refers = |key: &str| -> Option<Vec<usize>> {
            let line = section.lines().find_map(|line| line.strip_prefix(&format!("{key}=")))?;
            Some(line.split(',').map(|n| (layer as i64 + n.trim().parse::<i64>().unwrap()) as usize).collect())
        };
        let targets = refers("layers").or_else(|| refers("from"));
        let single = targets.as_ref().filter(|t| kind == "[route]" && t.len() == 1).map(|t| t[0]);
        let real = |l: usize| alias.get(&l).copied().unwrap_or(l);
        let dropped = match (kind.as_str(), single) {
            (_, Some(one)) => gone.contains(&real(one)),
            ("[yolo]", _) => gone.contains(&real(layer - 1)),
            ("[upsample]", _) => gone.contains(&real(layer - 1)),
            _ => rows[&layer] <= side,
        };
        let aliased = single.map(real);
        if dropped {
            gone.push(layer);
            alias.extend(aliased.map(|one| (layer, one)));
            continue;
        }
        let place = |l: usize| kept.iter().rposition(|k| *k == l).unwrap() as i64 - kept.len() as i64;
        let mut body = section.clone();
        if let Some(targets) = targets {
            let key = if kind == "[route]" { "layers" } else { "from" };
            let old = section.lines().find(|line| line.starts_with(&format!("{key}="))).unwrap();
            let left: Vec<String> =
                targets.iter().filter(|t| !gone.contains(&real(**t))).map(|t| place(*t).to_string()).collect();
            body = section.replace(old, &format!("{key}={}", left.join(",")));
        } else if kept.last().is_some_and(|last| *last + 1 != layer) && kind != "[yolo]" {
            panic!("layer {layer} {kind} read what is gone");
        }
        text += &format!("\n\n{body}");
        kept.push(layer);
        alias.extend(aliased.map(|one| (layer, one)));
    }
    (text + "\n", kept)
}

#[test]
fn a_stage_less_is_what_is_made_by_hand_with_the_same_numbers() {
    // Which member of the join is left: the lateral, which comes first but in YOLOv4-tiny.
    for (name, size, first) in [
        ("yolov4-p6", 128, true),
        ("yolov4-p7", 256, true),
        ("yolov4-csp-swish", 64, true),
        ("yolov4-tiny-3l", 64, false),
    ] {
        let (recipe, model, params) = narrow(name, size);
        let coarsest = model.graph.heads.iter().map(|head| model.graph.node(head.input).shape.h).min().unwrap();
        let (text, kept) = by_hand(&recipe.cfg().unwrap(), &model.graph, coarsest);
        let path = Path::new("hand.cfg");
        let cfg = darknet::cfg::Cfg::parse(path, &text).unwrap();
        let hand = darknet::build::from_cfg(path, &cfg, &CfgOptions::default()).unwrap();
        assert_eq!(hand.graph.heads.len(), model.graph.heads.len() - 1, "{name}");
        // The numbers of every layer that is left; of a kernel that has fewer inputs now, those of what is left.
        let mut numbers = Params(vec![None; hand.graph.nodes.len()]);
        let old: BTreeMap<usize, _> = model.graph.weighted().into_iter().map(|layer| (layer.layer, layer)).collect();
        let mut cut = 0;
        for layer in hand.graph.weighted() {
            let before = old[&kept[layer.layer]];
            if let (Some(id), Some(own)) = (layer.norm, before.norm) {
                numbers.0[id.0] = params.get(own).cloned();
            }
            if let (Some(id), Some(own)) = (layer.conv, before.conv) {
                let Some(NodeParams::Conv { weights, bias }) = params.get(own) else { panic!("{name}") };
                let (was, is) = (before.weights / before.filters, layer.weights / layer.filters);
                cut += usize::from(is < was);
                let part = |filter: &[f32]| if first { filter[..is].to_vec() } else { filter[was - is..].to_vec() };
                let weights = weights.chunks(was).flat_map(part).collect();
                numbers.0[id.0] = Some(NodeParams::Conv { weights, bias: bias.clone() });
            }
        }
        assert_eq!(cut, 1, "{name}: one block was fed from above");
        let (graph, dropped) = drop_stages(&model.graph, &params, 1).unwrap();
        assert_eq!(Totals::new(&graph), Totals::new(&hand.graph), "{name}");
        assert_eq!(heads(&graph, &dropped), heads(&hand.graph, &numbers), "{name}: to the bit");
        let facts = |graph: &Graph| graph.heads.iter().map(|h| (h.anchors.clone(), h.classes)).collect::<Vec<_>>();
        let all = facts(&model.graph);
        assert_eq!(facts(&graph), if first { &all[..all.len() - 1] } else { &all[1..] }, "{name}");
    }
}

#[test]
fn what_is_dropped_says_nothing() {
    // The whole network, with zeros where the coarsest stage is enlarged: its other heads are the same.
    let (_, model, mut params) = narrow("yolov4-p6", 128);
    let (graph, dropped) = drop_stages(&model.graph, &params, 1).unwrap();
    let steps = reaches(&model.graph);
    let coarsest = steps[model.graph.heads.last().unwrap().input.0].step;
    let mut silenced = 0;
    for node in model.graph.nodes.iter().filter(|node| matches!(node.op, Op::Upsample(_))) {
        let from = node.inputs[0];
        if steps[from.0].step == coarsest {
            let active = model.graph.node(from);
            assert_eq!(active.op, Op::Activation(Activation::Mish), "mish of zero is zero");
            let Some(NodeParams::BatchNorm { beta, gamma, .. }) = &mut params.0[active.inputs[0].0] else { panic!() };
            beta.fill(0.0);
            gamma.fill(0.0);
            silenced += 1;
        }
    }
    assert_eq!(silenced, 1);
    let (all, left) = (heads(&model.graph, &params), heads(&graph, &dropped));
    assert_eq!(left, all[..left.len()]);
}

#[test]
fn stages_go_one_after_the_other_and_cost_less() {
    let recipe = Recipe::named("yolov4-p7").unwrap();
    let network = recipe.network().unwrap();
    let without = |count| drop_stages(&network.graph, &Params::default(), count).unwrap().0;
    let strides = |graph: &Graph| -> Vec<usize> {
        graph.heads.iter().map(|head| graph.input_shape().w / graph.node(head.input).shape.w).collect()
    };
    assert_eq!(strides(&without(0)), [8, 16, 32, 64, 128]);
    assert_eq!(strides(&without(1)), [8, 16, 32, 64]);
    assert_eq!(strides(&without(2)), [8, 16, 32]);
    let totals: Vec<Totals> = (0..3).map(|count| Totals::new(&without(count))).collect();
    assert!(totals.windows(2).all(|w| w[1].parameters < w[0].parameters && w[1].conv_gflop < w[0].conv_gflop));
    // Boxes by hand: four anchors on 192, 96, 48, 24 and 12 rows and columns.
    let boxes = |sides: &[u64]| sides.iter().map(|side| 4 * side * side).sum::<u64>();
    assert_eq!(
        totals.iter().map(|t| t.boxes).collect::<Vec<_>>(),
        [boxes(&[192, 96, 48, 24, 12]), boxes(&[192, 96, 48, 24]), boxes(&[192, 96, 48])]
    );
    // Two at once are one after the other.
    let once = without(1);
    assert_eq!(drop_stages(&once, &Params::default(), 1).unwrap().0, without(2));
}

#[test]
fn there_must_be_something_left() {
    let network = Recipe::named("yolov4-tiny").unwrap().network().unwrap();
    assert_eq!(drop_stages(&network.graph, &Params::default(), 1).unwrap().0.heads.len(), 1);
    let said = drop_stages(&network.graph, &Params::default(), 2).unwrap_err().to_string();
    assert!(said.contains("drop-stages: expected fewer than the network's 2 heads, found 2"), "{said}");
}
