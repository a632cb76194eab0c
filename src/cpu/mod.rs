//! The player for processors: the graph as it is compiled for a GPU, folded and fused, in f32, on all cores. A convolution is a matrix
//! product (`rten-gemm`, which picks the vector instructions of the machine); every other op plays the loops of its room.

mod activation;
mod conv;
mod pool;
mod row;
mod rows;

use std::collections::BTreeMap;

use crate::{
    error::{Error, Result},
    graph::{
        Graph, Keep, NodeId, Params, Target,
        compile::{Compiled, compile},
    },
    ops::Op,
    task::Steps,
    tensor::Tensor,
};

use conv::CpuConv;

pub use rows::by_rows;

/// A network ready to play on the processor.
#[derive(Debug)]
pub struct CpuProgram {
    graph: Graph,
    params: Params,
    convs: BTreeMap<NodeId, CpuConv>,
    keep: Keep,
}

impl CpuProgram {
    /// Compiles `graph` and packs its numbers; `progress` is told of every node. Values that `keep` names can be had beside the heads.
    ///
    /// # Errors
    /// [`Error::Graph`] if the numbers do not fit the graph.
    pub fn new(graph: &Graph, params: Params, keep: Keep, progress: &mut Steps<'_>) -> Result<Self> {
        let target = Target { keep: keep.clone(), ..Target::default() };
        let Compiled { graph, mut params, .. } = compile(graph.clone(), params, &target)?;
        let mut convs = BTreeMap::new();
        for (id, node) in graph.iter() {
            progress(id.0, graph.nodes.len());
            let Op::Conv(op) = &node.op else { continue };
            let numbers = params.0.get_mut(id.0).and_then(Option::take);
            let input = graph.node(node.inputs[0]).shape;
            let conv = CpuConv::new(*op, numbers, input, node.shape).map_err(|e| Error::graph(&node.name, e))?;
            convs.insert(id, conv);
        }
        progress(graph.nodes.len(), graph.nodes.len());
        Ok(Self { graph, params, convs, keep })
    }

    /// The graph as it is played.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What enters the `[yolo]` layers, in cfg order, and the values that were to be kept, by node of the graph as loaded.
    ///
    /// # Errors
    /// [`Error::Graph`] if the input has another shape.
    pub fn play(&self, input: &Tensor) -> Result<(Vec<Tensor>, BTreeMap<NodeId, Tensor>)> {
        let graph = &self.graph;
        if input.shape != graph.input_shape() {
            return Err(Error::graph("input", format!("expected {}, found {}", graph.input_shape(), input.shape)));
        }
        let heads: Vec<NodeId> = graph.heads.iter().map(|head| head.input).collect();
        // The last reader of each value, and the end for those that are asked for.
        let mut last: Vec<usize> = vec![0; graph.nodes.len()];
        for (id, node) in graph.iter() {
            for input in &node.inputs {
                last[input.0] = last[input.0].max(id.0);
            }
            if self.keep.wants(node.origin) || heads.contains(&id) {
                last[id.0] = usize::MAX;
            }
        }
        let mut values: BTreeMap<NodeId, Tensor> = [(NodeId(0), input.clone())].into();
        for (id, node) in graph.iter().skip(1) {
            let inputs: Vec<&Tensor> = node.inputs.iter().filter_map(|i| values.get(i)).collect();
            if inputs.len() != node.inputs.len() {
                return Err(Error::graph(&node.name, "an input has no value"));
            }
            let value = match (&node.op, self.convs.get(&id)) {
                (Op::Conv(_), Some(conv)) => conv.play(&inputs),
                (Op::Activation(kind), _) => Ok(activation::play(*kind, inputs[0])),
                (Op::MaxPool(pool), _) => Ok(pool::play(pool, inputs[0], node.shape)),
                (Op::Spp(spp), _) => Ok(pool::pyramid(spp, inputs[0], node.shape)),
                (op, _) => op.play(&inputs, self.params.get(id), node.shape),
            };
            values.insert(id, value.map_err(|message| Error::graph(&node.name, message))?);
            values.retain(|v, _| last[v.0] > id.0 || *v == id);
        }
        let missing = || Error::graph("heads", "have no value");
        let found = heads.iter().map(|id| values.get(id).cloned().ok_or_else(missing)).collect::<Result<_>>()?;
        let kept = values.into_iter().map(|(id, value)| (graph.node(id).origin, value));
        Ok((found, kept.filter(|(origin, _)| self.keep.wants(*origin)).collect()))
    }
}
