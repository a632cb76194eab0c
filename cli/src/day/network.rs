//! A network for other programs: the graph as it is played here, batch-norm folded, and its numbers.

use std::{io::Write, path::Path};

use serde_json::{Value, json};
use yolov4::{
    Error, Result,
    low_level::{
        files,
        graph::{Activation, Graph, NodeParams, Op, Target, compile::compile},
        model::{CfgOptions, Model},
    },
};

use super::plan::NetworkSpec;
use crate::output;

/// Seed of the numbers.
const SEED: u64 = 0;

/// Writes `STEM.json`, the nodes in order with their inputs and attributes, and `STEM.f32`: weights in OIHW and bias of each convolution, one
/// after the other, little-endian.
///
/// # Errors
/// As [`Model::open`]; [`Error::Io`].
pub fn write(network: &NetworkSpec, stem: &Path) -> Result<()> {
    let options = CfgOptions { size: Some(network.size), ..CfgOptions::default() };
    let model = Model::open(Path::new(&network.name), &options)?;
    let compiled = compile(model.graph.clone(), model.random_params(SEED), &Target::default())?;
    let text = serde_json::to_string(&described(&compiled.graph)).map_err(Error::format("the network", "JSON"))?;
    output::write(&stem.with_extension("json"), text.as_bytes())?;
    let numbers = stem.with_extension("f32");
    let written = files::write_whole(&numbers, |file| {
        for params in compiled.params.0.iter().flatten() {
            if let NodeParams::Conv { weights, bias } = params {
                file.write_all(bytemuck::cast_slice(weights))?;
                file.write_all(bytemuck::cast_slice(bias.as_deref().unwrap_or_default()))?;
            }
        }
        Ok(())
    });
    written.map_err(Error::io(numbers))
}

fn described(graph: &Graph) -> Value {
    let nodes: Vec<Value> = graph
        .iter()
        .map(|(_, node)| {
            let shape = node.shape;
            let mut said = json!({
                "op": node.op.name(),
                "inputs": node.inputs.iter().map(|id| id.0).collect::<Vec<_>>(),
                "shape": [shape.c, shape.h, shape.w],
            });
            let of = attributes(&node.op);
            if let (Value::Object(said), Value::Object(of)) = (&mut said, of) {
                said.extend(of);
            }
            said
        })
        .collect();
    let heads: Vec<usize> = graph.heads.iter().map(|head| head.input.0).collect();
    json!({ "nodes": nodes, "heads": heads })
}

fn attributes(op: &Op) -> Value {
    let activation = |kind: Activation| match kind {
        Activation::Leaky(slope) => json!(["leaky", slope]),
        other => json!([other.name()]),
    };
    match op {
        Op::Conv(conv) => json!({
            "filters": conv.filters, "size": conv.size, "stride": [conv.stride_y, conv.stride_x], "pad": conv.pad,
            "dilation": conv.dilation, "groups": conv.groups, "bias": conv.bias,
            "activation": activation(conv.epilogue.activation),
            "residual": conv.epilogue.residual.map(activation), "upsample": conv.epilogue.upsample,
        }),
        Op::Activation(kind) => json!({ "activation": activation(*kind) }),
        Op::MaxPool(pool) => json!({
            "size": pool.size, "stride": [pool.stride_y, pool.stride_x], "padding": pool.padding,
        }),
        Op::Spp(spp) => json!({ "sizes": spp.sizes }),
        Op::Slice(slice) => json!({ "start": slice.start, "channels": slice.channels }),
        Op::Upsample(upsample) => json!({ "upsample": upsample.stride, "scale": upsample.scale }),
        _ => json!({}),
    }
}
