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
    model::{CfgOptions, Decode, Defaults, Model, Preprocess},
    tensor::Shape,
};

/// Oldest version of the operators that is read.
const OLDEST: i64 = 7;

/// Reads a network. One that was written here says what its heads are; of another the last convolutions enter the heads, and `like`
/// has as many heads, of the same shapes, with their anchors.
///
/// # Errors
/// [`Error::Io`]; [`Error::Weights`] with the node and operator that is not read here, or what does not fit; [`Error::Usage`] for options
/// that only a cfg has.
pub fn open(path: &Path, options: &CfgOptions, like: Option<&Model>) -> Result<Model> {
    if options.decode != Decode::Auto || options.leaky_slope.is_some() {
        return Err(Error::Usage(
            "decode and leaky_slope are for network descriptions: an .onnx says both itself".into(),
        ));
    }
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let length = bytes.len();
    let fail = |message: String| Error::Weights { file: path.to_owned(), message };
    let file = ModelProto::decode(bytes.as_slice()).map_err(|e| fail(format!("is no ONNX file: {e}")))?;
    drop(bytes);
    read(path, &file, length, options, like).map_err(fail)
}

fn read(
    path: &Path,
    file: &ModelProto,
    length: usize,
    options: &CfgOptions,
    like: Option<&Model>,
) -> Result<Model, String> {
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
    // Whoever names a network knows better than what another program may have left of the metadata.
    let facts = facts.filter(|_| like.is_none()).map(|entry| NetworkFacts::parse(&entry.value));
    let facts = facts.transpose().map_err(|e| e.to_string())?;
    if facts.as_ref().is_some_and(|facts| facts.heads.is_empty()) {
        return Err("metadata `yolov4`: there are no heads: this network finds no boxes".into());
    }
    let (input, shape) = input(graph, &numbers, options, &mut notes)?;
    let ends = match &facts {
        Some(facts) => facts.heads.iter().map(|head| head.value.clone()).collect(),
        None => last_convolutions(graph),
    };
    let needed = needed(graph, &ends);
    let mut importer = Importer::new(Builder::new(shape).map_err(|e| e.to_string())?, &numbers, &graph.node, length);
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
    if !matches!(channels, 1 | 3) {
        return Err(format!("input `{}`: expected 3 channels in the second axis, or 1, found {channels}", input.name));
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
        let sane = |v: f32| v > 0.0 && v.is_finite();
        if head.anchors.is_empty() || !head.anchors.iter().all(|(w, h)| sane(*w) && sane(*h)) {
            return Err(format!("metadata `yolov4`: head {number}: expected anchors above zero"));
        }
        if !(1..=1 << 16).contains(&head.classes) || !sane(head.scale_x_y) {
            let (classes, scale) = (head.classes, head.scale_x_y);
            return Err(format!("metadata `yolov4`: head {number}: {classes} classes, scale_x_y {scale}"));
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
    if let Some(cut) = values.iter().find(|value| importer.biases.contains_key(value)) {
        let shape = importer.builder.shape(*cut);
        return Err(format!("a batch-norm follows the last convolution, of {shape}: no head here is like that"));
    }
    let mut left = values.to_vec();
    for (number, head) in own.heads.iter().enumerate() {
        let shape = own.node(head.input).shape;
        let alike: Vec<usize> = (0..left.len()).filter(|i| importer.builder.shape(left[*i]) == shape).collect();
        if alike.len() > 1 {
            return Err(format!(
                "{} of its last convolutions give {shape}: which is head {number} cannot be told",
                alike.len()
            ));
        }
        let found = alike.first().map(|at| left.swap_remove(*at));
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
