//! The nouns: [`Graph`], [`Node`], [`Head`], and the numbers of all nodes, [`Params`].

use crate::{
    kernels::conv::Problem,
    ops::{Counts, NodeParams, Op},
    tensor::Shape,
};

/// A node of a [`Graph`], and the one value it computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub usize);

/// One op with its inputs and the shape of what it computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Named after the Darknet layer: `layer 3 [convolutional]`, with ` batch_normalize` or the activation appended for
    /// the parts of one section.
    pub name: String,
    /// The Darknet layer, from 0; `None` for the input.
    pub layer: Option<usize>,
    /// What it computes.
    pub op: Op,
    /// What it reads, in the op's order.
    pub inputs: Vec<NodeId>,
    /// Shape of its value.
    pub shape: Shape,
    /// The node of the graph as loaded that has the same value. Passes keep it, so that the two players can be compared.
    /// Where a value was cut into bands they have it too, and come before the node that stands for the whole.
    pub origin: NodeId,
}

/// How to read boxes from one `[yolo]` layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The value entering the `[yolo]` layer: `[anchors * (5 + classes), gh, gw]`, anchor-major.
    pub input: NodeId,
    /// The Darknet layer number of the `[yolo]` section.
    pub layer: usize,
    /// Width and height of each anchor of the mask, in pixels of the network's input.
    pub anchors: Vec<(f32, f32)>,
    /// Number of classes.
    pub classes: usize,
    /// `scale_x_y`: stretches the centre's range about the middle of its cell.
    pub scale_x_y: f32,
    /// `new_coords`: the values are logistic already, and sides are `4 w^2 * anchor`.
    pub new_coords: bool,
}

/// A network's structure: nodes in an order in which each comes after its inputs. Node 0 is [`Op::Input`].
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// In order of play.
    pub nodes: Vec<Node>,
    /// In cfg order.
    pub heads: Vec<Head>,
}

impl Node {
    /// What it is called where there is little room: `layer 3`.
    pub fn label(&self) -> String {
        self.layer.map_or_else(|| self.name.clone(), |layer| format!("layer {layer}"))
    }
}

impl Graph {
    /// The node of `id`.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// Shape of the picture the network takes.
    pub fn input_shape(&self) -> Shape {
        self.nodes[0].shape
    }

    /// Columns and rows of that.
    pub fn canvas(&self) -> (usize, usize) {
        let shape = self.input_shape();
        (shape.w, shape.h)
    }

    /// The anchors of all heads, each once, by area and width; and which of them each head has.
    pub fn anchors(&self) -> (Vec<(f32, f32)>, Vec<Vec<usize>>) {
        let mut all: Vec<(f32, f32)> = self.heads.iter().flat_map(|head| head.anchors.iter().copied()).collect();
        all.sort_by(|a, b| (a.0 * a.1).total_cmp(&(b.0 * b.1)).then(a.0.total_cmp(&b.0)));
        all.dedup();
        let place = |anchor: &(f32, f32)| all.iter().position(|other| other == anchor);
        let masks = self.heads.iter().map(|head| head.anchors.iter().filter_map(place).collect()).collect();
        (all, masks)
    }

    /// Number of classes: the most that a head has.
    pub fn classes(&self) -> usize {
        self.heads.iter().map(|head| head.classes).max().unwrap_or(0)
    }

    /// Every node with its id, in order of play.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(i, n)| (NodeId(i), n))
    }

    /// How often each node is read, heads included.
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        for id in self.nodes.iter().flat_map(|n| &n.inputs).chain(self.heads.iter().map(|h| &h.input)) {
            uses[id.0] += 1;
        }
        uses
    }

    /// Multiply-accumulates of one node.
    pub fn macs(&self, id: NodeId) -> u64 {
        self.counts(id).macs
    }

    /// What one node costs.
    pub fn counts(&self, id: NodeId) -> Counts {
        let node = self.node(id);
        let shapes: Vec<Shape> = node.inputs.iter().map(|input| self.node(*input).shape).collect();
        node.op.counts(&shapes, node.shape)
    }

    /// A convolution as its kernels see it, for so many pictures at once; none for other ops. The input is in one piece: what
    /// a plan makes of it, [`crate::graph::plan::Step::problem`] knows.
    pub fn problem(&self, id: NodeId, pictures: usize) -> Option<Problem> {
        let node = self.node(id);
        let c = node.op.conv()?;
        Some(Problem {
            input: self.node(node.inputs[0]).shape,
            output: c.computed(node.shape),
            size: c.size,
            stride: (c.stride_y, c.stride_x),
            pad: c.pad,
            dilation: c.dilation,
            groups: c.groups,
            activation: c.epilogue.activation,
            residual: c.epilogue.residual,
            upsample: c.epilogue.upsample,
            pictures,
            parts: 1,
        })
    }
}

/// The numbers of all nodes, by node id; `None` where a node has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params<T = f32>(pub Vec<Option<NodeParams<T>>>);

impl<T> Params<T> {
    /// The numbers of `id`, if it has any.
    pub fn get(&self, id: NodeId) -> Option<&NodeParams<T>> {
        self.0.get(id.0).and_then(Option::as_ref)
    }
}

impl Params {
    /// The same numbers in f64.
    pub fn wide(&self) -> Params<f64> {
        Params(self.0.iter().map(|numbers| numbers.as_ref().map(NodeParams::wide)).collect())
    }
}
