//! Single convolutions cut out of whole networks, with the values that they have there.
#![allow(dead_code, reason = "every suite compiles this file and uses a part of it")]

use std::collections::BTreeSet;

use yolov4::{
    Gpu,
    low_level::{
        gpu::{Program, ProgramOptions},
        graph::{Builder, Conv, Graph, Keep, NodeId, NodeParams, Op, Params, fold::fold},
        kernels::conv::Variant,
        oracle,
        tensor::Tensor,
    },
};

/// A program whose convolutions are on one rung, wherever it is able to.
pub fn program(gpu: &Gpu, graph: &Graph, params: Params, variant: Variant, keep: Keep) -> Program {
    let options = ProgramOptions { conv: Some(variant), keep, ..ProgramOptions::default() };
    pollster::block_on(Program::new(gpu, graph, params, &options, &mut |_, _| {})).unwrap()
}

/// How far a tensor is from the right one, in units of the right one's root mean square.
#[derive(Clone, Copy, Debug)]
pub struct Errors {
    /// Root mean square of the differences.
    pub rms: f64,
    /// The largest difference.
    pub max: f64,
}

/// `|got - want|` over the size of `want`. NaN counts as infinitely far.
pub fn apart(got: &Tensor, want: &Tensor) -> Errors {
    assert_eq!(got.shape, want.shape);
    let (mut squares, mut size, mut max) = (0.0, 0.0, 0.0f64);
    for (g, w) in got.data.iter().zip(&want.data) {
        let difference = (f64::from(*g) - f64::from(*w)).abs();
        let difference = if difference.is_nan() { f64::INFINITY } else { difference };
        squares += difference * difference;
        size += f64::from(*w).powi(2);
        max = max.max(difference);
    }
    assert!(size > 0.0, "there is nothing to compare");
    Errors { rms: (squares / size).sqrt(), max: max / (size / want.data.len() as f64).sqrt() }
}

/// A convolution by itself: what it reads and weighs in a network, and what it gives there, summed in f64.
#[derive(Debug)]
pub struct Layer {
    pub name: String,
    conv: Conv,
    params: NodeParams,
    input: Tensor,
    want: Tensor,
}

/// The first convolution of every 3x3 shape in steps of one, batch-norm folded in, activation left out.
pub fn layers(graph: Graph, params: Params, input: &Tensor) -> Vec<Layer> {
    let (graph, mut params) = fold(graph, params).unwrap();
    let mut seen = BTreeSet::new();
    let found: Vec<(NodeId, Conv)> = graph
        .iter()
        .filter_map(|(id, node)| match &node.op {
            Op::Conv(c) if c.size == 3 && (c.stride_y, c.stride_x, c.dilation, c.groups) == (1, 1, 1, 1) => {
                let from = graph.node(node.inputs[0]).shape;
                seen.insert((from, node.shape)).then_some((id, *c))
            }
            _ => None,
        })
        .collect();
    let keep: Vec<NodeId> = found.iter().flat_map(|(id, _)| [graph.node(*id).inputs[0], *id]).collect();
    let mut values = oracle::play(&graph, &params, input, &keep).unwrap();
    let cut = found.into_iter().map(|(id, conv)| {
        let node = graph.node(id);
        let input = values[&node.inputs[0]].clone();
        let name = format!("{} to {}", input.shape, node.shape);
        let params = params.0[id.0].take().expect("weights");
        Layer { name, conv, params, input, want: values.remove(&id).unwrap() }
    });
    cut.collect()
}

impl Layer {
    /// What a rung of the ladder makes of it.
    pub fn errors(&self, gpu: &Gpu, variant: Variant) -> Errors {
        let mut builder = Builder::new(self.input.shape).unwrap();
        let node = builder.add("conv", None, Op::Conv(self.conv), &[NodeId(0)]).unwrap();
        let params = Params(vec![None, Some(self.params.clone())]);
        let graph = builder.finish();
        let mut program = program(gpu, &graph, params, variant, Keep::All);
        assert_eq!(program.rung(node), Some(variant), "{}", self.name);
        let got = pollster::block_on(program.play(&self.input, &[node])).unwrap();
        apart(&got.nodes[&node], &self.want)
    }
}
