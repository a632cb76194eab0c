//! What the gradients read of the network is computed again for them, instead of being kept from when it was played forwards.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    error::Result,
    graph::{
        backward::{BatchStatistics, NumberGradient, TrainingGraph},
        build::Builder,
        ir::{Graph, Head, NodeId},
    },
    ops::{Op, TrainOp},
};

/// How much is computed again. The numbers that come of it are the same, to the bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recompute {
    /// Nothing: all that the gradients read is kept.
    Nothing,
    /// Everything but convolutions, which is a tenth of the work and more than half of the memory.
    #[default]
    Cheap,
    /// The network in so many segments: of each only what later ones read is kept, and the convolutions of all but the last are played twice.
    Segments(usize),
}

/// The same training, in which the gradients read what is computed again right before the first of them that needs it.
///
/// # Errors
/// As [`Builder::add`], for a graph that is none.
pub fn recompute(training: TrainingGraph, how: Recompute) -> Result<TrainingGraph> {
    let kept = match how {
        Recompute::Nothing => return Ok(training),
        Recompute::Cheap => Kept::cheap(&training),
        Recompute::Segments(segments) => Kept::segments(&training, segments),
    };
    let (old, first) = (&training.graph, training.first_given());
    let mut copy = Rebuild {
        old: &training,
        kept,
        builder: Builder::new(old.input_shape())?,
        numbers: vec![None],
        moved: vec![NodeId(0)],
        again: BTreeMap::new(),
    };
    for (id, node) in old.iter().skip(1) {
        let of_gradients = id >= first;
        let inputs = node.inputs.iter().map(|input| copy.read(*input, of_gradients)).collect::<Result<Vec<_>>>()?;
        let new = copy.append(id, "", &inputs)?;
        copy.moved.push(new);
    }
    for head in &old.heads {
        let input = copy.moved[head.input.0];
        copy.builder.head(&old.node(head.input).name, Head { input, ..head.clone() })?;
    }
    let Rebuild { builder, numbers, moved, .. } = copy;
    let at = |id: NodeId| moved[id.0];
    Ok(TrainingGraph {
        graph: builder.finish(),
        pictures: training.pictures,
        numbers,
        values: training.values.iter().map(|id| at(*id)).collect(),
        inputs: training.inputs.iter().map(|id| at(*id)).collect(),
        upstream: training.upstream.iter().map(|id| at(*id)).collect(),
        gradients: training.gradients.iter().map(|g| NumberGradient { value: at(g.value), ..*g }).collect(),
        statistics: training
            .statistics
            .iter()
            .map(|s| BatchStatistics { mean: at(s.mean), variance: at(s.variance), ..*s })
            .collect(),
        input: training.input.map(at),
    })
}

/// What is computed once more is so for the convolutions behind it, which are played at once, and for gradients, when their turn comes: in between it would
/// only take room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    Convolution,
    Gradient,
}

struct Rebuild<'a> {
    old: &'a TrainingGraph,
    kept: Kept,
    builder: Builder,
    numbers: Vec<Option<NodeId>>,
    /// By node of the old graph: the new one.
    moved: Vec<NodeId>,
    /// By node of the old graph, and by what it is for: what computes it once more.
    again: BTreeMap<(NodeId, Purpose), NodeId>,
}

impl Rebuild<'_> {
    /// The node that a reader of `id` reads now.
    fn read(&mut self, id: NodeId, of_gradients: bool) -> Result<NodeId> {
        if !of_gradients || id >= self.old.first_given() || self.kept.0.contains(&id) {
            return Ok(self.moved[id.0]);
        }
        let wanted = (id, self.purpose(id, Purpose::Gradient));
        // Without recursion: a network is hundreds of nodes deep.
        let mut open = vec![wanted];
        while let Some(&(next, purpose)) = open.last() {
            if self.again.contains_key(&(next, purpose)) {
                open.pop();
                continue;
            }
            let old = self.old;
            // What a convolution reads is there for it alone.
            let conv = old.graph.node(next).op.conv().is_some();
            let of = if conv { Purpose::Convolution } else { purpose };
            let inputs = old.graph.node(next).inputs.iter().map(|input| (*input, self.purpose(*input, of)));
            let inputs: Vec<(NodeId, Purpose)> = inputs.collect();
            let place = |(input, purpose): &(NodeId, Purpose)| {
                let kept = self.kept.0.contains(input);
                if kept { Some(self.moved[input.0]) } else { self.again.get(&(*input, *purpose)).copied() }
            };
            let (found, missing): (Vec<_>, Vec<_>) =
                inputs.iter().map(|input| (place(input), *input)).partition(|(place, _)| place.is_some());
            if missing.is_empty() {
                let found: Vec<NodeId> = found.into_iter().filter_map(|(place, _)| place).collect();
                let new = self.append(next, " again", &found)?;
                self.again.insert((next, purpose), new);
                open.pop();
            } else {
                open.extend(missing.into_iter().map(|(_, input)| input));
            }
        }
        Ok(self.again[&wanted])
    }

    /// What a node is computed again for, where that is needed for `purpose`: a convolution only once.
    fn purpose(&self, id: NodeId, purpose: Purpose) -> Purpose {
        if self.old.graph.node(id).op.conv().is_some() { Purpose::Convolution } else { purpose }
    }

    fn append(&mut self, old: NodeId, suffix: &str, inputs: &[NodeId]) -> Result<NodeId> {
        let node = self.old.graph.node(old);
        let name = format!("{}{suffix}", node.name);
        self.numbers.push(self.old.numbers[old.0]);
        if node.inputs.is_empty() && node.op == Op::Input {
            return self.builder.given(name, node.layer, node.shape);
        }
        self.builder.add(name, node.layer, node.op.clone(), inputs)
    }
}

/// Nodes of the network whose values stay for the gradients.
struct Kept(BTreeSet<NodeId>);

impl Kept {
    /// What is given, what convolutions compute, and the batch's statistics, which are small.
    fn cheap(training: &TrainingGraph) -> Self {
        let graph = &training.graph;
        let stays = |id: &NodeId| {
            let op = &graph.node(*id).op;
            let statistic = matches!(op, Op::Train(TrainOp::BatchMean(_) | TrainOp::BatchVariance(_)));
            *op == Op::Input || op.conv().is_some() || statistic
        };
        Self(network(training).filter(stays).collect())
    }

    /// Of convolutions only those in the last segment, and those that later segments depend on by what is not one.
    fn segments(training: &TrainingGraph, segments: usize) -> Self {
        let graph = &training.graph;
        let Self(cheap) = Self::cheap(training);
        let convs: Vec<NodeId> = cheap.iter().copied().filter(|id| graph.node(*id).op.conv().is_some()).collect();
        let bytes = |id: &NodeId| graph.node(*id).shape.vectors();
        let all: usize = convs.iter().map(bytes).sum();
        // Cut where as much lies before as behind.
        let (mut cuts, mut before) = (Vec::new(), 0);
        for conv in &convs {
            if cuts.len() + 1 < segments.max(1) && before * segments.max(1) >= (cuts.len() + 1) * all {
                cuts.push(*conv);
            }
            before += bytes(conv);
        }
        let mut kept: BTreeSet<NodeId> =
            cheap.iter().copied().filter(|id| graph.node(*id).op.conv().is_none()).collect();
        let last = cuts.last().copied().unwrap_or(NodeId(0));
        kept.extend(convs.iter().filter(|conv| **conv >= last));
        for cut in cuts {
            let crossing = network(training).filter(|id| *id >= cut).flat_map(|id| graph.node(id).inputs.clone());
            for value in crossing.filter(|input| *input < cut).collect::<Vec<_>>() {
                kept.extend(sources(graph, value));
            }
        }
        Self(kept)
    }
}

fn network(training: &TrainingGraph) -> impl Iterator<Item = NodeId> {
    (0..training.first_given().0).map(NodeId)
}

/// The convolutions that a value depends on by nothing but what is none.
fn sources(graph: &Graph, value: NodeId) -> Vec<NodeId> {
    let (mut found, mut seen, mut open) = (Vec::new(), BTreeSet::new(), vec![value]);
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        if graph.node(id).op.conv().is_some() {
            found.push(id);
        } else {
            open.extend(&graph.node(id).inputs);
        }
    }
    found
}
