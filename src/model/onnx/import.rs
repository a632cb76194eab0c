//! Nodes of ONNX as a graph.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use prost::Message;

use super::{
    facts::{KEY, NetworkFacts},
    importer::Importer,
    proto::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfo},
};
use crate::{
    error::{Error, Result},
    graph::{Activation, Builder, Head, NodeId, Op},
    model::{CfgOptions, Defaults, Model, Preprocess},
    tensor::Shape,
};

/// Oldest version of the operators that is read.
const OLDEST: i64 = 7;

/// Reads a network. One that was written here says what its heads are; of another the last convolutions enter the heads, and `like`
/// has as many heads, of the same shapes, with their anchors.
///
/// # Errors
/// [`Error::Io`]; [`Error::Weights`] with the node and operator that is not read here, or what does not fit; [`Error::Usage`] for a size that
/// the network cannot have.
pub fn open(path: &Path, options: &CfgOptions, like: Option<&Model>) -> Result<Model> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let fail = |message: String| Error::Weights { file: path.to_owned(), message };
    let file = ModelProto::decode(bytes.as_slice()).map_err(|e| fail(format!("is no ONNX file: {e}")))?;
    drop(bytes);
    read(path, &file, options, like).map_err(fail)
}

fn read(path: &Path, file: &ModelProto, options: &CfgOptions, like: Option<&Model>) -> Result<Model, String> {
    let graph = file.graph.as_ref().ok_or("is no ONNX file: it has no graph")?;
    if graph.node.is_empty() {
        return Err("is no ONNX file: it has no nodes".into());
    }
    let mut notes = vec![];
    let opset = file.opset_import.iter().filter(|set| set.domain.is_empty()).map(|set| set.version).max();
    if opset.is_some_and(|version| version < OLDEST) {
        return Err(format!("has operators of version {}, read are those from {OLDEST} on", opset.unwrap_or(0)));
    }
    let numbers: BTreeMap<&str, &TensorProto> = graph.initializer.iter().map(|t| (t.name.as_str(), t)).collect();
    let facts = file.metadata_props.iter().find(|entry| entry.key == KEY);
    let facts = facts.map(|entry| NetworkFacts::parse(&entry.value)).transpose().map_err(|e| e.to_string())?;
    let (input, shape) = input(graph, &numbers, options, &mut notes)?;
    let ends = match &facts {
        Some(facts) => facts.heads.iter().map(|head| head.value.clone()).collect(),
        None => last_convolutions(graph),
    };
    let needed = needed(graph, &ends);
    let mut importer = Importer::new(Builder::new(shape).map_err(|e| e.to_string())?, &numbers, &graph.node);
    importer.begin(input, NodeId(0));
    for (number, node) in graph.node.iter().enumerate() {
        if needed.contains(&number) {
            importer.node(number, node).map_err(|said| format!("node {}: {said}", called(number, node)))?;
        }
    }
    let values = ends.iter().map(|end| importer.value(end)).collect::<Result<Vec<NodeId>, String>>()?;
    match (&facts, like) {
        (Some(facts), _) => own_heads(&mut importer, facts, &values)?,
        (None, Some(like)) => other_heads(&mut importer, like, &values)?,
        (None, None) => {
            let shapes: Vec<String> = values.iter().map(|id| importer.builder.shape(*id).to_string()).collect();
            return Err(format!(
                "does not say what its heads are; its last convolutions give {}: name a network with the same heads (--like yolov4-csp, or a \
                 .cfg)",
                shapes.join(", ")
            ));
        }
    }
    let (graph, params) = importer.finish();
    let (preprocess, defaults) = match (&facts, like) {
        (Some(facts), _) => facts.usage()?,
        (None, Some(like)) => (like.preprocess, like.defaults),
        (None, None) => (Preprocess::default(), Defaults::default()),
    };
    let labels = facts.map(|facts| facts.names).or_else(|| like.map(|like| like.labels.clone())).unwrap_or_default();
    let classes = graph.classes();
    if !labels.is_empty() && labels.len() != classes {
        return Err(format!("has {} class names, and {classes} classes", labels.len()));
    }
    Ok(Model { graph, params: Some(params), preprocess, labels, defaults, source: path.to_owned(), notes })
}

/// A node, for people.
fn called(number: usize, node: &NodeProto) -> String {
    let name = if node.name.is_empty() { format!("{number}") } else { format!("`{}`", node.name) };
    format!("{name} ({})", node.op_type)
}

/// The one input that is no number, and the shape of one picture.
fn input<'a>(
    graph: &'a GraphProto,
    numbers: &BTreeMap<&str, &TensorProto>,
    options: &CfgOptions,
    notes: &mut Vec<String>,
) -> Result<(&'a str, Shape), String> {
    let given: Vec<&ValueInfo> = graph.input.iter().filter(|i| !numbers.contains_key(i.name.as_str())).collect();
    let [input] = given[..] else {
        let names: Vec<&str> = given.iter().map(|input| input.name.as_str()).collect();
        return Err(format!("expected one input, found {}: {}", names.len(), names.join(", ")));
    };
    let kind = input.kind.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let axes: Vec<Option<usize>> = kind
        .and_then(|kind| kind.shape.as_ref())
        .map(|shape| {
            let known = |n: i64| usize::try_from(n).ok().filter(|n| *n > 0);
            shape.dim.iter().map(|axis| axis.dim_value.and_then(known)).collect()
        })
        .unwrap_or_default();
    let [_, channels, rows, columns] = axes[..] else {
        return Err(format!("input `{}`: expected [N, 3, rows, columns], found {} axes", input.name, axes.len()));
    };
    let channels = channels.unwrap_or(3);
    if channels != 3 {
        return Err(format!("input `{}`: expected 3 channels in the second axis, found {channels}", input.name));
    }
    let (w, h) = match (options.size, columns.zip(rows)) {
        (Some(size), own) => {
            if own.is_some_and(|own| own != size) {
                notes.push(format!("its own size is {}x{}", columns.unwrap_or(0), rows.unwrap_or(0)));
            }
            size
        }
        (None, Some(own)) => own,
        (None, None) => return Err(format!("input `{}` has no size of its own: say which (--size)", input.name)),
    };
    Ok((&input.name, Shape::new(channels, h, w)))
}

/// Outputs of convolutions that no other convolution depends on, in the file's order.
fn last_convolutions(graph: &GraphProto) -> Vec<String> {
    let mut followed: BTreeSet<&str> = BTreeSet::new();
    let mut ends = vec![];
    for node in graph.node.iter().rev() {
        let convolves = node.op_type == "Conv";
        let leads_to_one = node.output.iter().any(|output| followed.contains(output.as_str()));
        if convolves || leads_to_one {
            followed.extend(node.input.iter().map(String::as_str));
        }
        if convolves && !leads_to_one {
            ends.extend(node.output.first().cloned());
        }
    }
    ends.reverse();
    ends
}

/// Numbers of the nodes that these values depend on.
fn needed(graph: &GraphProto, ends: &[String]) -> BTreeSet<usize> {
    let mut wanted: BTreeSet<&str> = ends.iter().map(String::as_str).collect();
    let mut nodes = BTreeSet::new();
    for (number, node) in graph.node.iter().enumerate().rev() {
        if node.output.iter().any(|output| wanted.contains(output.as_str())) {
            nodes.insert(number);
            wanted.extend(node.input.iter().map(String::as_str));
        }
    }
    nodes
}

fn own_heads(importer: &mut Importer<'_>, facts: &NetworkFacts, values: &[NodeId]) -> Result<(), String> {
    for (number, (head, input)) in facts.heads.iter().zip(values).enumerate() {
        if !head.anchors.iter().all(|(w, h)| *w > 0.0 && *h > 0.0 && w.is_finite() && h.is_finite()) {
            return Err(format!("head {number}: expected anchors above zero, found {:?}", head.anchors));
        }
        let head = Head {
            input: *input,
            layer: number,
            anchors: head.anchors.clone(),
            classes: head.classes,
            scale_x_y: head.scale_x_y,
            new_coords: head.new_coords,
        };
        importer.builder.head(&format!("head {number}"), head).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Each head of `like` with the value of its shape.
fn other_heads(importer: &mut Importer<'_>, like: &Model, values: &[NodeId]) -> Result<(), String> {
    let input = importer.builder.shape(NodeId(0));
    let own = crate::graph::build::resized(&like.graph, (input.w, input.h))
        .map_err(|e| format!("{} at {}x{}, as this one is: {e}", like.source.display(), input.w, input.h))?;
    if own.heads.len() != values.len() {
        return Err(format!(
            "has {} last convolutions, and {} has {} heads",
            values.len(),
            like.source.display(),
            own.heads.len()
        ));
    }
    for (number, head) in own.heads.iter().enumerate() {
        let shape = own.node(head.input).shape;
        let found = values.iter().copied().find(|value| importer.builder.shape(*value) == shape);
        let mut value = found.ok_or_else(|| {
            let there: Vec<String> = values.iter().map(|id| importer.builder.shape(*id).to_string()).collect();
            format!("head {number} of {} is {shape}; there are {}", like.source.display(), there.join(", "))
        })?;
        if head.new_coords {
            let op = Op::Activation(Activation::Logistic);
            value = importer
                .builder
                .add(format!("head {number} logistic"), None, op, &[value])
                .map_err(|e| e.to_string())?;
        }
        importer
            .builder
            .head(&format!("head {number}"), Head { input: value, ..head.clone() })
            .map_err(|e| e.to_string())?;
    }
    Ok(())
}
