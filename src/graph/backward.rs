//! A network with its gradients behind it: the same kind of nodes, in the same graph, so that whoever plays, places and prints a network does so
//! with its training too.

use std::collections::BTreeSet;

use crate::{
    error::{Error, Result},
    graph::{
        build::Builder,
        ir::{Graph, NodeId},
        plan::{Plan, Slot},
        target::{Keep, Target},
    },
    ops::{
        Op, TrainOp,
        gradient::{Gradient, GradientSource, of_input, of_numbers},
        train::{BatchMean, BatchVariance},
    },
    tensor::Shape,
};

/// A gradient of a node's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberGradient {
    /// The node of the graph as loaded that has the numbers.
    pub of: NodeId,
    /// Which: `weights` (OIHW as `[O, I / groups, size * size]`), `bias` (`[C, 1, 1]`), or `gamma, beta` (`[C, 1, 2]`).
    pub what: &'static str,
    /// The node of the training graph whose value it is, one of a batch.
    pub value: NodeId,
}

/// What batch-norm saw of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchStatistics {
    /// The batch-norm of the graph as loaded.
    pub of: NodeId,
    /// Mean of each channel, `[C, 1, 1]`, one of a batch.
    pub mean: NodeId,
    /// Biased variance likewise.
    pub variance: NodeId,
}

/// A network, forwards and backwards.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingGraph {
    /// The network's nodes, with batch-norm by the batch's statistics, then those of the gradients. Heads are the network's.
    pub graph: Graph,
    /// Pictures of a batch.
    pub pictures: usize,
    /// By node: the node of the graph as loaded whose numbers it has, if it has any.
    pub numbers: Vec<Option<NodeId>>,
    /// By node of the graph as loaded: the node with its value.
    pub values: Vec<NodeId>,
    /// What the network reads: its picture, or what is given to the end of one ([`crate::graph::tail`]), one a picture.
    pub inputs: Vec<NodeId>,
    /// By head: the gradient of what is asked of it by the value of the head, which is given ([`Op::Input`]), one a picture.
    pub upstream: Vec<NodeId>,
    /// Of all numbers that are trained and that a head depends on, in the order of the graph as loaded.
    pub gradients: Vec<NumberGradient>,
    /// Of every batch-norm that is trained.
    pub statistics: Vec<BatchStatistics>,
    /// The gradient by the network's input, if it was asked for and there is one.
    pub input: Option<NodeId>,
}

impl TrainingGraph {
    /// Nodes of the network itself, played forwards, are those in front of this one.
    pub fn first_given(&self) -> NodeId {
        self.upstream.iter().min().copied().unwrap_or(NodeId(self.graph.nodes.len()))
    }

    /// What a plan is to keep besides `keep`: gradients of numbers from step to step, each in a place of its own, which is a stretch of an arena; statistics to
    /// the end.
    pub fn target(&self, keep: &Keep) -> Target {
        let statistics = || self.statistics.iter().flat_map(|of| [of.mean, of.variance]);
        let keep = match keep {
            Keep::Heads => Keep::Nodes(statistics().collect()),
            Keep::Nodes(nodes) => Keep::Nodes(statistics().chain(nodes.iter().copied()).collect()),
            Keep::All => Keep::All,
        };
        let persistent = self.gradients.iter().map(|gradient| gradient.value).collect();
        Target { keep, persistent, pictures: self.pictures, shared: true, ..Target::default() }
    }

    /// The slots of a plan but for those of gradients of numbers.
    pub fn value_slots<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = &'a Slot> {
        let gradients: BTreeSet<NodeId> = self.gradients.iter().map(|gradient| gradient.value).collect();
        plan.slots.iter().filter(move |slot| !slot.tenants.iter().any(|tenant| gradients.contains(&tenant.region)))
    }

    /// Four-channel vectors of one picture in those.
    pub fn value_vectors(&self, plan: &Plan) -> usize {
        self.value_slots(plan).map(|slot| slot.vectors).sum()
    }
}

/// Which gradients a training graph has.
pub struct GradientRequest<'a> {
    /// Whether the numbers of a node of the graph as loaded are trained. A batch-norm that is not keeps its running statistics, which
    /// is possible only in front of everything that is.
    pub trained: &'a (dyn Fn(NodeId) -> bool + Sync),
    /// Whether the gradient by the network's input is wanted.
    pub input: bool,
}

/// Appends the gradients to a graph as loaded, for batches of so many pictures. The gradient of a value that several nodes read is an explicit
/// sum, in the order of the readers.
///
/// # Errors
/// [`Error::Graph`] that names the layer which cannot be trained; [`Error::Usage`] for no pictures.
pub fn backward(loaded: &Graph, wanted: &GradientRequest<'_>, pictures: usize) -> Result<TrainingGraph> {
    if pictures == 0 {
        return Err(Error::Usage("a batch of 0 pictures: expected 1 or more".into()));
    }
    let mut tape = Tape::new(loaded, pictures)?;
    let mut needs = vec![wanted.input];
    for (id, node) in loaded.iter().skip(1) {
        let trained = has_numbers(&node.op) && (wanted.trained)(id);
        needs.push(trained || node.inputs.iter().any(|input| needs[input.0]));
        tape.forwards(id, trained)?;
    }
    for head in &loaded.heads {
        let input = tape.values[head.input.0];
        tape.builder.head(&loaded.node(head.input).name, crate::graph::Head { input, ..head.clone() })?;
    }
    tape.seed()?;
    for (id, _) in loaded.iter().skip(1).collect::<Vec<_>>().into_iter().rev() {
        if needs[id.0] {
            tape.backwards(id, &needs, wanted)?;
        }
    }
    tape.finish(wanted)
}

/// Whether an op has numbers that may be trained.
fn has_numbers(op: &Op) -> bool {
    op.conv().is_some() || *op == Op::BatchNorm
}

struct Tape<'a> {
    loaded: &'a Graph,
    builder: Builder,
    pictures: usize,
    numbers: Vec<Option<NodeId>>,
    /// By node of the graph as loaded.
    values: Vec<NodeId>,
    /// By node of the training graph: gradients by its value, one a reader, the last one first.
    above: Vec<Vec<NodeId>>,
    upstream: Vec<NodeId>,
    gradients: Vec<NumberGradient>,
    statistics: Vec<BatchStatistics>,
}

impl<'a> Tape<'a> {
    fn new(loaded: &'a Graph, pictures: usize) -> Result<Self> {
        Ok(Self {
            loaded,
            builder: Builder::new(loaded.input_shape())?,
            pictures,
            numbers: vec![None],
            values: vec![NodeId(0)],
            above: vec![vec![]],
            upstream: vec![],
            gradients: vec![],
            statistics: vec![],
        })
    }

    /// Appends a node that belongs to one of the graph as loaded.
    fn add(&mut self, of: NodeId, suffix: &str, op: Op, inputs: &[NodeId], has_numbers: bool) -> Result<NodeId> {
        let node = self.loaded.node(of);
        let id = self.builder.add(format!("{}{suffix}", node.name), node.layer, op, inputs)?;
        self.appended(has_numbers.then_some(of));
        Ok(id)
    }

    fn appended(&mut self, numbers: Option<NodeId>) {
        self.numbers.push(numbers);
        self.above.push(vec![]);
    }

    /// Appends what computes the value of a node.
    fn forwards(&mut self, id: NodeId, trained: bool) -> Result<()> {
        let node = self.loaded.node(id);
        let inputs: Vec<NodeId> = node.inputs.iter().map(|input| self.values[input.0]).collect();
        let value = if node.op == Op::Input {
            let given = self.builder.given(&node.name, node.layer, node.shape)?;
            self.appended(None);
            given
        } else if node.op == Op::BatchNorm && trained {
            let pictures = self.pictures;
            let mean = TrainOp::BatchMean(BatchMean { pictures });
            let mean = self.add(id, " mean", Op::Train(mean), &inputs, false)?;
            let variance = TrainOp::BatchVariance(BatchVariance { pictures });
            let variance = self.add(id, " variance", Op::Train(variance), &[inputs[0], mean], false)?;
            self.statistics.push(BatchStatistics { of: id, mean, variance });
            self.add(id, "", Op::Train(TrainOp::BatchNormApply), &[inputs[0], mean, variance], true)?
        } else {
            self.add(id, "", node.op.clone(), &inputs, has_numbers(&node.op))?
        };
        self.values.push(value);
        Ok(())
    }

    /// Appends the gradients by the heads' values, which are given.
    fn seed(&mut self) -> Result<()> {
        for head in &self.loaded.heads {
            let node = self.loaded.node(head.input);
            let given = self.builder.given(format!("{} gradient above", node.name), node.layer, node.shape)?;
            self.appended(None);
            self.upstream.push(given);
            self.above[self.values[head.input.0].0].push(given);
        }
        Ok(())
    }

    /// The gradient by a value: the sum of its readers', in their order; none if no head depends on it.
    fn sum(&mut self, of: NodeId, value: NodeId) -> Result<Option<NodeId>> {
        let mut readers = std::mem::take(&mut self.above[value.0]);
        readers.reverse();
        match readers[..] {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => self.add(of, " gradient", Op::Add, &readers, false).map(Some),
        }
    }

    /// Appends the gradients of what a node reads and of its numbers.
    fn backwards(&mut self, id: NodeId, needs: &[bool], wanted: &GradientRequest<'_>) -> Result<()> {
        let value = self.values[id.0];
        let Some(above) = self.sum(id, value)? else { return Ok(()) };
        let node = self.builder.node(value).clone();
        let reads: Vec<Shape> = node.inputs.iter().map(|input| self.builder.shape(*input)).collect();
        let trained = has_numbers(&self.loaded.node(id).op) && (wanted.trained)(id);
        let mut of_own = Vec::new();
        if trained {
            for (what, op, sources) in of_numbers(&node.op) {
                let inputs = sources.iter().map(|source| self.source(*source, (&node.inputs, value), above, &of_own));
                let inputs = inputs.collect::<Result<Vec<_>>>()?;
                let value = self.add(id, &format!(" gradient of {what}"), op, &inputs, true)?;
                self.gradients.push(NumberGradient { of: id, what, value });
                of_own.push(value);
            }
        }
        for (input, from) in self.loaded.node(id).inputs.iter().enumerate() {
            if !needs[from.0] {
                continue;
            }
            let gradient = of_input(&node.op, input, &reads, self.pictures);
            let below = match gradient.map_err(|message| Error::graph(&node.name, message))? {
                Gradient::Nothing => continue,
                Gradient::Same => above,
                Gradient::By(op, sources) => {
                    let inputs =
                        sources.iter().map(|source| self.source(*source, (&node.inputs, value), above, &of_own));
                    let inputs = inputs.collect::<Result<Vec<_>>>()?;
                    self.add(id, " gradient below", op, &inputs, true)?
                }
            };
            let read = self.values[from.0];
            self.above[read.0].push(below);
        }
        Ok(())
    }

    fn source(
        &self,
        source: GradientSource,
        (inputs, value): (&[NodeId], NodeId),
        above: NodeId,
        own: &[NodeId],
    ) -> Result<NodeId> {
        let found = match source {
            GradientSource::Value => Some(&value),
            GradientSource::Input(input) => inputs.get(input),
            GradientSource::Above => Some(&above),
            GradientSource::Numbers => own.first(),
        };
        found.copied().ok_or_else(|| Error::graph("gradient", "is computed from what is not there"))
    }

    fn finish(mut self, wanted: &GradientRequest<'_>) -> Result<TrainingGraph> {
        let input = if wanted.input { self.sum(NodeId(0), NodeId(0))? } else { None };
        self.gradients.sort_by_key(|gradient| gradient.of);
        let read = self.loaded.iter().filter(|(_, node)| node.op == Op::Input);
        let inputs = read.map(|(id, _)| self.values[id.0]).collect();
        Ok(TrainingGraph {
            graph: self.builder.finish(),
            pictures: self.pictures,
            numbers: self.numbers,
            inputs,
            values: self.values,
            upstream: self.upstream,
            gradients: self.gradients,
            statistics: self.statistics,
            input,
        })
    }
}
