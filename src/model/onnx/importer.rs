//! A graph that grows while nodes of ONNX are read: what names stand for.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    attributes::attribute,
    constants::Constant,
    proto::{NodeProto, TensorProto},
};
use crate::graph::{Activation, Builder, Graph, NodeId, NodeParams, Op, Params};

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Known {
    Node(NodeId),
    Constant(Constant),
    /// A part of an activation that is written as several operators; of this value.
    Part(GatePart, NodeId),
}

/// Such a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GatePart {
    Sigmoid,
    Softplus,
    /// `tanh(softplus(x))`
    MishGate,
    /// `HardSigmoid` with these alpha and beta.
    HardSigmoid(f32, f32),
}

/// A graph that grows.
pub struct Importer<'a> {
    pub builder: Builder,
    pub params: Vec<Option<NodeParams>>,
    initializers: &'a BTreeMap<&'a str, &'a TensorProto>,
    pub known: BTreeMap<String, Known>,
    /// Names of logistic values that are multiplied by what they are of.
    gates: BTreeSet<&'a str>,
    /// Names of values that a batch-norm alone reads.
    normed: BTreeSet<&'a str>,
    /// Biases before a batch-norm, until it is there.
    pub biases: BTreeMap<NodeId, Vec<f32>>,
    /// Numbers that may still be taken: a file may name one tensor many times over.
    budget: usize,
}

impl<'a> Importer<'a> {
    /// `length`: bytes of the file.
    pub fn new(
        builder: Builder,
        initializers: &'a BTreeMap<&'a str, &'a TensorProto>,
        nodes: &'a [NodeProto],
        length: usize,
    ) -> Self {
        let logistic = nodes.iter().filter(|node| node.op_type == "Sigmoid");
        let of: BTreeMap<&str, &str> =
            logistic.filter_map(|node| Some((node.output.first()?.as_str(), node.input.first()?.as_str()))).collect();
        let products = nodes.iter().filter(|node| node.op_type == "Mul");
        let pairs = products.filter_map(|node| <&[String; 2]>::try_from(node.input.as_slice()).ok());
        let gates =
            pairs.flat_map(|[a, b]| [(a, b), (b, a)]).filter(|(gate, x)| of.get(gate.as_str()) == Some(&x.as_str()));
        let gates = gates.map(|(gate, _)| gate.as_str()).collect();
        let mut readers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for node in nodes {
            node.input.iter().for_each(|input| readers.entry(input).or_default().push(&node.op_type));
        }
        let normed = readers.into_iter().filter(|(_, ops)| ops[..] == ["BatchNormalization"]).map(|(name, _)| name);
        Self {
            builder,
            params: vec![None],
            initializers,
            known: BTreeMap::new(),
            gates,
            normed: normed.collect(),
            biases: BTreeMap::new(),
            budget: length.saturating_mul(2).saturating_add(1 << 16),
        }
    }

    /// Whether this logistic value is a part of Swish.
    pub fn is_gate(&self, name: &str) -> bool {
        self.gates.contains(name)
    }

    /// Whether a batch-norm, and nothing else, reads this value.
    pub fn is_normed(&self, name: &str) -> bool {
        self.normed.contains(name)
    }

    /// What a name stands for from the beginning.
    pub fn begin(&mut self, name: &str, id: NodeId) {
        self.known.insert(name.to_owned(), Known::Node(id));
    }

    /// The graph and its numbers.
    pub fn finish(mut self) -> (Graph, Params) {
        let graph = self.builder.finish();
        self.params.resize(graph.nodes.len(), None);
        (graph, Params(self.params))
    }

    /// The node of a name.
    ///
    /// # Errors
    /// If it stands for something else, or nothing.
    pub fn value(&mut self, name: &str) -> Result<NodeId, String> {
        match self.known.get(name).cloned() {
            Some(Known::Node(id)) => Ok(id),
            // It is an activation after all.
            Some(Known::Part(GatePart::Sigmoid, of)) => {
                let id = self.add(name, None, Op::Activation(Activation::Logistic), &[of], None)?;
                self.known.insert(name.to_owned(), Known::Node(id));
                Ok(id)
            }
            Some(Known::Part(..)) => Err(format!("`{name}` is a part of an activation that is not known here")),
            Some(Known::Constant(_)) => Err(format!("`{name}` is a constant, where a value was expected")),
            None if self.initializers.contains_key(name) => {
                Err(format!("`{name}` is a constant, where a value was expected"))
            }
            None => Err(format!("there is no value `{name}`")),
        }
    }

    /// Adds a node of ours.
    ///
    /// # Errors
    /// What does not fit.
    pub fn add(
        &mut self,
        name: &str,
        layer: Option<usize>,
        op: Op,
        inputs: &[NodeId],
        numbers: Option<NodeParams>,
    ) -> Result<NodeId, String> {
        let id = self.builder.add(name, layer, op, inputs).map_err(|e| e.to_string())?;
        self.params.resize(id.0, None);
        self.params.push(numbers);
        Ok(id)
    }

    /// An input that is numbers; none if there is no such input.
    ///
    /// # Errors
    /// If it is computed, or no numbers that are read.
    pub fn constant(&self, node: &NodeProto, input: usize) -> Result<Option<Constant>, String> {
        let Some(name) = node.input.get(input).filter(|name| !name.is_empty()) else { return Ok(None) };
        match (self.known.get(name), self.initializers.get(name.as_str())) {
            (Some(Known::Constant(found)), _) => Ok(Some(found.clone())),
            (None, Some(tensor)) => Constant::named(name, tensor).map(Some),
            _ => Err(format!("`{name}` is computed, where a constant was expected")),
        }
    }

    /// An input that is finite numbers.
    ///
    /// # Errors
    /// If it is not.
    pub fn floats(&mut self, node: &NodeProto, input: usize) -> Result<Vec<f32>, String> {
        let list = self.constant(node, input)?.ok_or_else(|| format!("has no input {input}"))?.floats();
        let left = self.budget.checked_sub(list.len());
        self.budget =
            left.ok_or("takes the same numbers as so many nodes before it that there would be no end to them")?;
        match list.iter().position(|v| !v.is_finite()) {
            Some(at) => Err(format!("number {at} of input {input} is not finite")),
            None => Ok(list),
        }
    }

    /// Whole numbers of an input, or of the attribute that stood in its place in older versions.
    ///
    /// # Errors
    /// If they are none.
    pub fn whole(&self, node: &NodeProto, input: usize, name: &str) -> Result<Option<Vec<i64>>, String> {
        if let Some(attribute) = attribute(node, name) {
            return Ok(Some(attribute.ints.clone()));
        }
        let Some(found) = self.constant(node, input)? else { return Ok(None) };
        found.ints().map(Some).ok_or_else(|| format!("{name}: expected whole numbers"))
    }

    /// The node of the first input.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn first(&mut self, node: &NodeProto) -> Result<NodeId, String> {
        let name = node.input.first().ok_or("has no input")?.clone();
        self.value(&name)
    }

    /// The nodes of all inputs.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn all(&mut self, node: &NodeProto) -> Result<Vec<NodeId>, String> {
        node.input.iter().map(|name| self.value(name)).collect()
    }
}
