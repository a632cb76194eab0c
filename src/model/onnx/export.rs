//! A graph as nodes of ONNX, opset 17.

use std::{io::Write, path::Path};

use prost::Message;

use super::{
    boxes,
    facts::{KEY, NetworkFacts},
    proto::{GraphProto, ModelProto, OperatorSet, StringEntry, ValueInfo, element},
    shapes::Axis,
    writer::{INPUT, OnnxOptions, OnnxOutputs, OnnxWriter, int, ints, string, value},
};
use crate::{
    error::{Error, Result},
    files,
    graph::{Graph, Head, Node, NodeId, NodeParams, Op, Params, fold::fold},
    model::Model,
};

/// The version of the operators that is written.
const OPSET: i64 = 17;
/// The version of the format that goes with it.
const IR_VERSION: i64 = 8;
/// Writes a file, whole or not at all. The input is `input [N, 3, rows, columns]`, red, green, blue from 0 to 1 (or `[N, 1, ..]`, grey). Batch-norm is folded into the
/// convolutions. What the nodes do not say (anchors, class names, thresholds) is in the metadata, under `yolov4`, as JSON.
///
/// # Errors
/// [`Error::Graph`] for a node that ONNX has no operators for, or without numbers; [`Error::Io`].
pub fn save(model: &Model, params: &Params, options: &OnnxOptions, path: &Path) -> Result<()> {
    let (graph, params) = fold(model.graph.clone(), params.clone())?;
    if options.half {
        in_range(&graph, &params)?;
    }
    let mut writer = OnnxWriter::new(*options);
    for (id, node) in graph.iter() {
        put(&mut writer, &graph, &params, id, node)?;
    }
    let outputs = match options.outputs {
        OnnxOutputs::Heads => heads(&mut writer, &graph),
        OnnxOutputs::Boxes => boxes::write(&mut writer, &graph),
    };
    let input = graph.input_shape();
    let facts = NetworkFacts::of(model, &graph, value);
    let facts = serde_json::to_string(&facts).map_err(Error::format("metadata `yolov4`", "JSON"))?;
    let inputs = vec![writer.info(INPUT, &[None, Some(input.c), Some(input.h), Some(input.w)])];
    let name = model.source.file_stem().map_or_else(|| "yolov4".into(), |stem| stem.to_string_lossy().into_owned());
    let file = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "yolov4".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        graph: Some(GraphProto {
            node: writer.nodes,
            name,
            initializer: writer.initializers,
            input: inputs,
            output: outputs,
        }),
        opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
        metadata_props: vec![StringEntry { key: KEY.into(), value: facts }],
    };
    files::write_whole(path, |out| out.write_all(&file.encode_to_vec())).map_err(Error::io(path))
}

/// Refuses numbers that 16 bits cannot hold.
fn in_range(graph: &Graph, params: &Params) -> Result<()> {
    for (id, node) in graph.iter() {
        if let Some(NodeParams::Conv { weights, bias }) = params.get(id)
            && let Some(large) = weights.iter().chain(bias.iter().flatten()).find(|v| v.abs() > 65504.0)
        {
            return Err(Error::graph(&node.name, format!("has a number of {large}, and 16 bits end at 65504")));
        }
    }
    Ok(())
}

/// What enters the heads, under names of their own.
fn heads(writer: &mut OnnxWriter, graph: &Graph) -> Vec<ValueInfo> {
    let head = |(number, head): (usize, &Head)| {
        let (name, shape) = (format!("head.{number}"), graph.node(head.input).shape);
        writer.put("Identity", &[&value(head.input)], &name, vec![]);
        writer.info(&name, &[None, Some(shape.c), Some(shape.h), Some(shape.w)])
    };
    graph.heads.iter().enumerate().map(head).collect()
}

/// A node's operators.
fn put(writer: &mut OnnxWriter, graph: &Graph, params: &Params, id: NodeId, node: &Node) -> Result<()> {
    let out = value(id);
    let ins: Vec<String> = node.inputs.iter().map(|input| value(*input)).collect();
    let ins: Vec<&str> = ins.iter().map(String::as_str).collect();
    let first = node.inputs.first().map_or(node.shape, |input| graph.node(*input).shape);
    let fail = |what: &str| Error::graph(&node.name, format!("{} {what}", node.op.describe()));
    match &node.op {
        Op::Input => {}
        Op::Conv(conv) => {
            let Some(NodeParams::Conv { weights, bias }) = params.get(id) else {
                return Err(fail("has no numbers"));
            };
            let before = conv.pad * conv.dilation;
            let axis = |input, stride| Axis { input, size: conv.size, stride, dilation: conv.dilation };
            let below = axis(first.h, conv.stride_y).border_after(before, node.shape.h);
            let right = axis(first.w, conv.stride_x).border_after(before, node.shape.w);
            let dims = [conv.filters, first.c / conv.groups, conv.size, conv.size];
            let kernel = writer.numbers(&format!("{out}.weight"), &dims, weights);
            let bias = bias.as_ref().map(|bias| writer.numbers(&format!("{out}.bias"), &[bias.len()], bias));
            let inputs: Vec<&str> = [ins[0], &kernel].into_iter().chain(bias.as_deref()).collect();
            let attributes = vec![
                ints("kernel_shape", &[conv.size; 2]),
                ints("strides", &[conv.stride_y, conv.stride_x]),
                ints("pads", &[before, before, below, right]),
                ints("dilations", &[conv.dilation; 2]),
                int("group", conv.groups as i64),
            ];
            writer.put("Conv", &inputs, &out, attributes);
        }
        // Folded.
        Op::BatchNorm => return Err(fail("is left")),
        Op::Activation(kind) => writer.activation(*kind, ins[0], &out),
        Op::Add => {
            if node.inputs.iter().any(|input| graph.node(*input).shape != node.shape) {
                return Err(fail("adds values of several channel counts, which ONNX does not"));
            }
            let op = if ins.len() == 2 { "Add" } else { "Sum" };
            writer.put(op, &ins, &out, vec![]);
        }
        Op::Mul | Op::ScaleChannels => {
            writer.put("Mul", &ins, &out, vec![]);
        }
        Op::Concat => {
            writer.put("Concat", &ins, &out, vec![int("axis", 1)]);
        }
        Op::Slice(slice) => {
            let bounds = [slice.start, slice.start + slice.channels, 1].map(|n| n as i64);
            let names = ["starts", "ends", "axes"].map(|part| format!("{out}.{part}"));
            let [start, end, axis] = std::array::from_fn(|i| writer.whole(&names[i], &bounds[i..=i]));
            writer.put("Slice", &[ins[0], &start, &end, &axis], &out, vec![]);
        }
        Op::MaxPool(pool) => writer.pool("MaxPool", pool, ins[0], &out, (first, node.shape)),
        Op::LocalAvgPool(pool) => writer.pool("AveragePool", &pool.0, ins[0], &out, (first, node.shape)),
        Op::AvgPool => {
            writer.put("GlobalAveragePool", &ins, &out, vec![]);
        }
        Op::Upsample(upsample) => {
            let by = upsample.stride as f32;
            // Always in 32 bits: that is what the operator takes.
            let raw = [1.0, 1.0, by, by].iter().flat_map(|v: &f32| v.to_le_bytes()).collect();
            let scales = writer.tensor(&format!("{out}.scales"), &[4], element::FLOAT, raw);
            let attributes = vec![
                string("mode", "nearest"),
                string("nearest_mode", "floor"),
                string("coordinate_transformation_mode", "asymmetric"),
            ];
            if upsample.scale != 1.0 {
                return Err(fail("multiplies what it enlarges (`scale`), which is not written here"));
            }
            writer.put("Resize", &[ins[0], "", &scales], &out, attributes);
        }
        Op::Spp(_) => return Err(fail("is made by a pass")),
        #[cfg(feature = "train")]
        Op::Train(_) => return Err(fail("is of training")),
    }
    Ok(())
}
