//! Nodes and numbers of ONNX, one after the other.

use half::f16;

use super::proto::{
    AttributeProto, Dimension, NodeProto, TensorProto, TensorShape, TensorType, TypeProto, ValueInfo, attribute,
    element,
};
use crate::{
    graph::{Activation, NodeId, Pool},
    model::onnx::shapes::Axis,
    tensor::Shape,
};

/// The name of the input.
pub const INPUT: &str = "input";

/// What comes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum OnnxOutputs {
    /// What enters the heads: `head.0 [N, anchors * (5 + classes), rows, columns]` and so on, the cfg's order
    #[default]
    Heads,
    /// `boxes [N, all, 4]`, left, top, right, bottom in pixels of the network's input, and `scores [N, all, classes]`; before any threshold
    Boxes,
}

/// How a network is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnnxOptions {
    /// What comes out.
    pub outputs: OnnxOutputs,
    /// Everything in 16 bits, input and outputs too.
    pub half: bool,
    /// Any number of pictures at once, instead of one.
    pub dynamic_batch: bool,
}

/// The name of a node's value.
pub fn value(id: NodeId) -> String {
    if id.0 == 0 { INPUT.into() } else { format!("v{}", id.0) }
}

/// Nodes and numbers so far.
pub struct OnnxWriter {
    options: OnnxOptions,
    pub nodes: Vec<NodeProto>,
    pub initializers: Vec<TensorProto>,
}

pub fn ints(name: &str, ints: &[usize]) -> AttributeProto {
    let ints = ints.iter().map(|n| *n as i64).collect();
    AttributeProto { name: name.into(), ints, kind: attribute::INTS, ..AttributeProto::default() }
}

pub fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i, kind: attribute::INT, ..AttributeProto::default() }
}

pub fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.into(), f, kind: attribute::FLOAT, ..AttributeProto::default() }
}

pub fn string(name: &str, s: &str) -> AttributeProto {
    AttributeProto { name: name.into(), s: s.into(), kind: attribute::STRING, ..AttributeProto::default() }
}

impl OnnxWriter {
    pub fn new(options: OnnxOptions) -> Self {
        Self { options, nodes: vec![], initializers: vec![] }
    }

    /// An input or output; an axis without a number is the pictures'.
    pub fn info(&self, name: &str, axes: &[Option<usize>]) -> ValueInfo {
        let axis = |axis: &Option<usize>| match axis {
            Some(n) => Dimension { dim_value: Some(*n as i64), dim_param: None },
            None if self.options.dynamic_batch => Dimension { dim_value: None, dim_param: Some("N".into()) },
            None => Dimension { dim_value: Some(1), dim_param: None },
        };
        let shape = Some(TensorShape { dim: axes.iter().map(axis).collect() });
        let elem_type = if self.options.half { element::FLOAT16 } else { element::FLOAT };
        ValueInfo { name: name.into(), kind: Some(TypeProto { tensor_type: Some(TensorType { elem_type, shape }) }) }
    }

    /// A node; returns the name of its value.
    pub fn put(&mut self, op: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) -> String {
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.to_owned()],
            name: output.to_owned(),
            op_type: op.to_owned(),
            attribute,
            domain: String::new(),
        });
        output.to_owned()
    }

    /// Numbers in the precision of the file; returns their name.
    pub fn numbers(&mut self, name: &str, dims: &[usize], list: &[f32]) -> String {
        let (data_type, raw_data) = if self.options.half {
            (element::FLOAT16, list.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect())
        } else {
            (element::FLOAT, list.iter().flat_map(|v| v.to_le_bytes()).collect())
        };
        self.tensor(name, dims, data_type, raw_data)
    }

    /// Whole numbers; returns their name.
    pub fn whole(&mut self, name: &str, list: &[i64]) -> String {
        self.tensor(name, &[list.len()], element::INT64, list.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub fn tensor(&mut self, name: &str, dims: &[usize], data_type: i32, raw_data: Vec<u8>) -> String {
        let dims = dims.iter().map(|n| *n as i64).collect();
        self.initializers.push(TensorProto { dims, data_type, name: name.into(), raw_data, ..TensorProto::default() });
        name.to_owned()
    }

    pub fn pool(&mut self, op: &str, pool: &Pool, input: &str, out: &str, (before, after): (Shape, Shape)) {
        let first = pool.padding / 2;
        let axis = |input, stride| Axis { input, size: pool.size, stride, dilation: 1 };
        let below = axis(before.h, pool.stride_y).border_after(first, after.h);
        let right = axis(before.w, pool.stride_x).border_after(first, after.w);
        let mut attributes = vec![
            ints("kernel_shape", &[pool.size; 2]),
            ints("strides", &[pool.stride_y, pool.stride_x]),
            ints("pads", &[first, first, below, right]),
        ];
        if op == "AveragePool" {
            attributes.push(int("count_include_pad", 0));
        }
        self.put(op, &[input], out, attributes);
    }

    pub fn activation(&mut self, kind: Activation, x: &str, out: &str) {
        let inner = format!("{out}.inner");
        match kind {
            Activation::Linear => self.put("Identity", &[x], out, vec![]),
            Activation::Leaky(slope) => self.put("LeakyRelu", &[x], out, vec![float("alpha", slope)]),
            Activation::Relu => self.put("Relu", &[x], out, vec![]),
            Activation::Relu6 => {
                let (least, most) = (
                    self.numbers(&format!("{out}.least"), &[], &[0.0]),
                    self.numbers(&format!("{out}.most"), &[], &[6.0]),
                );
                self.put("Clip", &[x, &least, &most], out, vec![])
            }
            Activation::Logistic => self.put("Sigmoid", &[x], out, vec![]),
            Activation::Elu => self.put("Elu", &[x], out, vec![float("alpha", 1.0)]),
            Activation::Swish => {
                let gate = self.put("Sigmoid", &[x], &inner, vec![]);
                self.put("Mul", &[x, &gate], out, vec![])
            }
            // The operator of its own is of opset 18.
            Activation::Mish => {
                let soft = self.put("Softplus", &[x], &format!("{out}.softplus"), vec![]);
                let gate = self.put("Tanh", &[&soft], &inner, vec![]);
                self.put("Mul", &[x, &gate], out, vec![])
            }
            // x times (x + 2) / 2, between 0 and 1.
            Activation::HardMish => {
                let attributes = vec![float("alpha", 0.5), float("beta", 1.0)];
                let gate = self.put("HardSigmoid", &[x], &inner, attributes);
                self.put("Mul", &[x, &gate], out, vec![])
            }
        };
    }
}
