//! A network for other classes: its heads get as many filters as those need, and its numbers stay where they fit.

use crate::{
    error::{Error, Result},
    graph::{Builder, Graph, NodeId, NodeParams, Op, Params},
    model::{Model, random},
    train::keys::TrainingKeys,
};

/// Which numbers training begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum StartFrom {
    /// The network's own; of heads for other classes what says where boxes are, and seeded random ones for the rest
    #[default]
    Weights,
    /// The network's own, but for the convolutions in front of its heads
    Partial,
    /// Seeded random ones
    Scratch,
}

/// How sure a new head is of an object to begin with: nearly all of its boxes are of none.
const PRIOR: f64 = 0.01;

/// The convolution that makes a head's channels.
fn head_conv(graph: &Graph, head: NodeId) -> Result<NodeId> {
    let mut at = head;
    loop {
        let node = graph.node(at);
        match &node.op {
            Op::Conv(_) => return Ok(at),
            Op::Activation(_) => at = node.inputs[0],
            other => {
                let message = format!("expected a convolution in front of a head, found {}", other.name());
                return Err(Error::graph(&node.name, message));
            }
        }
    }
}

/// Layers of the cfg up to the one at which the picture has been halved for the last time: 26 of YOLOv4-tiny.
pub fn backbone(graph: &Graph) -> usize {
    let pixels = |node: &crate::graph::Node| node.shape.pixels();
    let least = graph.heads.iter().map(|head| graph.node(head.input).shape.pixels()).min().unwrap_or(0);
    let halved = graph.nodes.iter().find(|node| pixels(node) == least && node.layer.is_some());
    halved.and_then(|node| node.layer).map_or(0, |layer| layer + 1)
}

/// Gives the heads of a network, and what is asked of them, these anchors, as many as they have: the finest head the smallest ones.
///
/// # Errors
/// [`Error::Usage`] if they are not as many.
pub fn set_anchors(graph: &mut Graph, keys: &mut TrainingKeys, anchors: &[(f64, f64)]) -> Result<()> {
    let wanted: usize = graph.heads.iter().map(|head| head.anchors.len()).sum();
    if anchors.len() != wanted || keys.heads.len() != graph.heads.len() {
        return Err(Error::Usage(format!("expected {wanted} anchors, found {}", anchors.len())));
    }
    let mut finest: Vec<usize> = (0..graph.heads.len()).collect();
    let pixels: Vec<usize> = graph.heads.iter().map(|head| graph.node(head.input).shape.pixels()).collect();
    finest.sort_by_key(|&head| std::cmp::Reverse(pixels[head]));
    let mut by_area = anchors.to_vec();
    by_area.sort_by(|a, b| (a.0 * a.1).total_cmp(&(b.0 * b.1)));
    let mut first = 0;
    for head in finest {
        let own = first..first + graph.heads[head].anchors.len();
        first = own.end;
        graph.heads[head].anchors = by_area[own.clone()].iter().map(|(w, h)| (*w as f32, *h as f32)).collect();
        keys.heads[head].mask = own.collect();
        // Of 32 bits, as the network has them.
        keys.heads[head].anchors = by_area.iter().map(|(w, h)| [f64::from(*w as f32), f64::from(*h as f32)]).collect();
    }
    Ok(())
}

/// The same network for these classes.
///
/// # Errors
/// [`Error::Graph`] if a head's channels are not made by a convolution.
pub fn for_classes(model: &Model, classes: &[String]) -> Result<Model> {
    let old = &model.graph;
    let mut filters = vec![None; old.nodes.len()];
    for head in &old.heads {
        filters[head_conv(old, head.input)?.0] = Some(head.anchors.len() * (5 + classes.len()));
    }
    let mut builder = Builder::new(old.input_shape())?;
    for (id, node) in old.iter().skip(1) {
        let mut op = node.op.clone();
        if let (Op::Conv(conv), Some(wanted)) = (&mut op, filters[id.0]) {
            conv.filters = wanted;
        }
        builder.add(node.name.clone(), node.layer, op, &node.inputs)?;
    }
    for head in &old.heads {
        builder.head(&old.node(head.input).name, crate::graph::Head { classes: classes.len(), ..head.clone() })?;
    }
    Ok(Model { graph: builder.finish(), params: None, labels: classes.to_vec(), ..model.clone() })
}

/// The numbers that `network`, made of `model` by [`for_classes`], begins with; `given` are the model's.
///
/// # Errors
/// [`Error::Usage`] if there are none and some are wanted; as [`for_classes`].
pub fn first_numbers(
    model: &Model,
    network: &Model,
    given: Option<&Params>,
    from: StartFrom,
    seed: u64,
) -> Result<Params> {
    let mut params = random::params(&network.graph, seed);
    for numbers in params.0.iter_mut().flatten() {
        match numbers {
            NodeParams::Conv { bias, .. } => bias.iter_mut().for_each(|bias| bias.fill(0.0)),
            NodeParams::BatchNorm { beta, gamma, mean, var, .. } => {
                beta.fill(0.0);
                mean.fill(0.0);
                gamma.fill(1.0);
                var.fill(1.0);
            }
        }
    }
    let heads: Vec<NodeId> =
        network.graph.heads.iter().map(|head| head_conv(&network.graph, head.input)).collect::<Result<_>>()?;
    for (head, conv) in network.graph.heads.iter().zip(&heads) {
        if let Some(NodeParams::Conv { bias: Some(bias), .. }) = &mut params.0[conv.0] {
            let each = 5 + head.classes;
            let logit = (PRIOR / (1.0 - PRIOR)).ln() as f32;
            bias.iter_mut().skip(4).step_by(each).for_each(|objectness| *objectness = logit);
        }
    }
    if from == StartFrom::Scratch {
        return Ok(params);
    }
    let given = given.ok_or_else(|| {
        Error::Usage("training from weights: expected some; name them, or begin --from scratch".into())
    })?;
    let as_many = model.graph.heads.iter().zip(&network.graph.heads).all(|(old, new)| old.classes == new.classes);
    let same = as_many && (model.labels.is_empty() || model.labels == network.labels);
    for (id, numbers) in params.0.iter_mut().enumerate() {
        let fresh = heads.contains(&NodeId(id)) && (from == StartFrom::Partial || !same);
        if !fresh && let Some(own) = given.get(NodeId(id)) {
            *numbers = Some(own.clone());
        }
    }
    if from == StartFrom::Weights && !same {
        for ((old, new), conv) in model.graph.heads.iter().zip(&network.graph.heads).zip(&heads) {
            if let (Some(Some(to)), Some(own)) = (params.0.get_mut(conv.0), given.get(*conv)) {
                keep_boxes(own, old.classes, to, new.classes, new.anchors.len());
            }
        }
    }
    Ok(params)
}

/// Gives a head's convolution the filters of another one's that say where boxes are, which know of no class: four of each anchor.
fn keep_boxes(own: &NodeParams, own_classes: usize, to: &mut NodeParams, classes: usize, anchors: usize) {
    let (NodeParams::Conv { weights: from, bias: from_bias }, NodeParams::Conv { weights, bias }) = (own, to) else {
        return;
    };
    let each = weights.len() / (anchors * (5 + classes)).max(1);
    let copy = |from: &[f32], to: &mut [f32], each: usize| {
        for anchor in 0..anchors {
            let (first, second) = (anchor * (5 + own_classes) * each, anchor * (5 + classes) * each);
            if let (Some(from), Some(to)) = (from.get(first..first + 4 * each), to.get_mut(second..second + 4 * each)) {
                to.copy_from_slice(from);
            }
        }
    };
    copy(from, weights, each);
    if let (Some(from), Some(bias)) = (from_bias, bias) {
        copy(from, bias, 1);
    }
}
