//! Once for all (section 5.5 of the paper): a trained network without its coarsest stages and their heads.
//!
//! The paper does not say what takes the place of what comes from a stage that is gone. The rule here: nothing does. Every value at the
//! stride of the coarsest head is dropped, and with it what is enlarged from there; where such a value was one of several that are joined,
//! the others are joined without it, and a convolution that reads them keeps its weights for what is left. That is the network as it was
//! trained, with zeros for all that the dropped stage would say. So a YOLOv4-P7 without a stage has no SPP, which stood at its coarsest stride.

use crate::{
    error::{Error, Result},
    graph::{
        build::Builder,
        ir::{Graph, Head, Node, NodeId, Params},
        reach::reaches,
    },
    ops::{NodeParams, Op},
};

/// A network without its coarsest `count` stages; of a graph without numbers ([`Params::default`]) the structure alone.
///
/// # Errors
/// [`Error::Usage`] if there are not more heads; [`Error::Graph`] for a node that cannot do without what it reads.
pub fn drop_stages(graph: &Graph, params: &Params, count: usize) -> Result<(Graph, Params)> {
    let first = graph;
    let (mut graph, mut params) = (graph.clone(), params.clone());
    for _ in 0..count {
        if graph.heads.len() < 2 {
            let heads = first.heads.len();
            return Err(Error::Usage(format!(
                "drop-stages: expected fewer than the network's {heads} heads, found {count}"
            )));
        }
        (graph, params) = without_coarsest(&graph, &params)?;
    }
    Ok((graph, params))
}

/// What is left of a value.
#[derive(Clone, Debug, PartialEq)]
enum Left {
    /// Nothing.
    None,
    /// Some of its channels, by their first and the first behind them; of a value that is all there, all.
    Channels(Vec<(usize, usize)>),
}

fn without_coarsest(graph: &Graph, params: &Params) -> Result<(Graph, Params)> {
    let steps = reaches(graph);
    let of = |head: &Head| steps.get(head.input.0).map_or(0.0, |reach| reach.step);
    let coarsest = graph.heads.iter().map(of).fold(0.0, f64::max);
    let mut left: Vec<Left> = Vec::with_capacity(graph.nodes.len());
    for (id, node) in graph.iter() {
        // What is one pixel a plane belongs to the stage that it was made of.
        let of_a_plane = node.shape.pixels() == 1 && steps.get(id.0).is_some_and(|reach| reach.step > coarsest);
        let gone = !of_a_plane && steps.get(id.0).is_some_and(|reach| reach.step >= coarsest);
        left.push(if gone { Left::None } else { kept(graph, node, &left)? });
    }
    let heads: Vec<&Head> = graph.heads.iter().filter(|head| left[head.input.0] != Left::None).collect();
    if heads.is_empty() {
        return Err(Error::Usage("drop-stages: no head would be left".into()));
    }
    if let Some(head) = heads.iter().find(|head| left[head.input.0] != whole(graph.node(head.input).shape.c)) {
        return Err(Error::graph(&graph.node(head.input).name, "enters a head, and some of its channels are dropped"));
    }
    rebuilt(graph, params, &left, &heads)
}

fn whole(channels: usize) -> Left {
    Left::Channels(vec![(0, channels)])
}

/// What is left of a value that is not dropped itself.
fn kept(graph: &Graph, node: &Node, left: &[Left]) -> Result<Left> {
    let inputs: Vec<&Left> = node.inputs.iter().map(|input| &left[input.0]).collect();
    if !inputs.is_empty() && inputs.iter().all(|input| **input == Left::None) {
        return Ok(Left::None);
    }
    let complete = node.inputs.iter().all(|input| left[input.0] == whole(graph.node(*input).shape.c));
    if complete {
        return Ok(whole(node.shape.c));
    }
    let fail =
        || Error::graph(&node.name, format!("{} cannot do without what is dropped before it", node.op.describe()));
    match &node.op {
        Op::Concat => {
            let (mut parts, mut first) = (vec![], 0);
            for input in &node.inputs {
                if let Left::Channels(channels) = &left[input.0] {
                    parts.extend(channels.iter().map(|(from, to)| (first + from, first + to)));
                }
                first += graph.node(*input).shape.c;
            }
            Ok(Left::Channels(parts))
        }
        Op::Conv(conv) if conv.groups == 1 => Ok(whole(node.shape.c)),
        Op::BatchNorm | Op::Activation(_) | Op::MaxPool(_) | Op::LocalAvgPool(_) | Op::AvgPool | Op::Upsample(_) => {
            Ok(inputs.first().map_or(Left::None, |input| (*input).clone()))
        }
        #[cfg(feature = "train")]
        Op::Train(_) => Err(fail()),
        Op::Input | Op::Conv(_) | Op::Add | Op::Mul | Op::ScaleChannels | Op::Slice(_) | Op::Spp(_) => Err(fail()),
    }
}

/// The nodes that the heads depend on.
fn needed(graph: &Graph, left: &[Left], heads: &[&Head]) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes.len()];
    needed[0] = true;
    heads.iter().for_each(|head| needed[head.input.0] = true);
    for (i, node) in graph.nodes.iter().enumerate().rev() {
        if needed[i] {
            let there = node.inputs.iter().filter(|input| left[input.0] != Left::None);
            there.for_each(|input| needed[input.0] = true);
        }
    }
    needed
}

fn rebuilt(graph: &Graph, params: &Params, left: &[Left], heads: &[&Head]) -> Result<(Graph, Params)> {
    let needed = needed(graph, left, heads);
    let mut builder = Builder::new(graph.input_shape())?;
    let mut numbers = vec![None];
    let mut moved = vec![NodeId(0); graph.nodes.len()];
    for (id, node) in graph.iter().skip(1).filter(|(id, _)| needed[id.0]) {
        let there: Vec<NodeId> = node.inputs.iter().copied().filter(|input| left[input.0] != Left::None).collect();
        let inputs: Vec<NodeId> = there.iter().map(|input| moved[input.0]).collect();
        if let (Op::Concat, [one]) = (&node.op, &inputs[..]) {
            moved[id.0] = *one;
            continue;
        }
        moved[id.0] = builder.add(&node.name, node.layer, node.op.clone(), &inputs)?;
        let input = node.inputs.first().map_or(&Left::None, |input| &left[input.0]);
        let own = params.get(id).map(|own| cut(own, input, &left[id.0], graph, node)).transpose()?;
        numbers.push(own);
    }
    for head in heads {
        builder
            .head(&format!("layer {} [yolo]", head.layer), Head { input: moved[head.input.0], ..(*head).clone() })?;
    }
    let params = if params.0.is_empty() { Params::default() } else { Params(numbers) };
    Ok((builder.finish(), params))
}

/// The numbers of a node for what is left of its input and of its value.
fn cut(numbers: &NodeParams, input: &Left, value: &Left, graph: &Graph, node: &Node) -> Result<NodeParams> {
    let pick = |list: &[f32], left: &Left, each: usize| -> Vec<f32> {
        match left {
            Left::None => vec![],
            Left::Channels(parts) => {
                parts.iter().flat_map(|(from, to)| list.get(from * each..to * each).unwrap_or(&[])).copied().collect()
            }
        }
    };
    match numbers {
        NodeParams::Conv { weights, bias } => {
            let channels = node.inputs.first().map_or(0, |input| graph.node(*input).shape.c);
            let groups = node.op.conv().map_or(1, |conv| conv.groups);
            let size = node.op.conv().map_or(1, |conv| conv.size * conv.size);
            if *input == whole(channels) || groups > 1 {
                return Ok(numbers.clone());
            }
            if weights.len() != node.shape.c * channels * size {
                return Err(Error::graph(&node.name, format!("has {} weights", weights.len())));
            }
            let kept = weights.chunks_exact(channels * size).flat_map(|filter| pick(filter, input, size)).collect();
            Ok(NodeParams::Conv { weights: kept, bias: bias.clone() })
        }
        NodeParams::BatchNorm { beta, gamma, mean, var, eps } => {
            let part = |list: &[f32]| pick(list, value, 1);
            Ok(NodeParams::BatchNorm {
                beta: part(beta),
                gamma: part(gamma),
                mean: part(mean),
                var: part(var),
                eps: *eps,
            })
        }
    }
}
