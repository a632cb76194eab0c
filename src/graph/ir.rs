//! The nouns: [`Graph`], [`Node`], [`Op`], [`Head`], and the numbers that belong to a node, [`NodeParams`].

use crate::{
    kernels::{activation::ActivationKind, conv::Problem},
    tensor::Shape,
};

pub use crate::kernels::{activation::ActivationKind as Activation, nms::NmsKind};

/// A node of a [`Graph`], and the one value it computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub usize);

/// A convolution as Darknet defines it (`[convolutional]`). Weights are OIHW with I = input channels / groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv {
    /// Output channels.
    pub filters: usize,
    /// Rows and columns of the kernel.
    pub size: usize,
    /// Step down, in rows.
    pub stride_y: usize,
    /// Step right, in columns.
    pub stride_x: usize,
    /// Zero border; the taps start at `-pad * dilation`.
    pub pad: usize,
    /// Distance of neighbouring taps. Darknet's output size ignores it.
    pub dilation: usize,
    /// Input and output channels are cut into this many independent groups.
    pub groups: usize,
    /// Whether a bias is added (batch-norm follows otherwise).
    pub bias: bool,
    /// What the fuse pass has pulled in; [`Epilogue::NONE`] in a graph as loaded.
    pub epilogue: Epilogue,
}

impl Conv {
    /// Elements of the kernel for `channels` input channels: filters * channels / groups * size * size.
    pub const fn kernel_elements(&self, channels: usize) -> usize {
        self.filters * (channels / self.groups) * self.size * self.size
    }

    /// Shape of the sums of a node whose value has this shape: what it is before it is upsampled.
    pub const fn computed(&self, value: Shape) -> Shape {
        let upsample = self.epilogue.upsample;
        Shape::new(value.c, value.h / upsample, value.w / upsample)
    }
}

/// What a convolution does to its sum before it is stored: `upsample(after(activation(sum) + residual))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epilogue {
    /// Applied to the sum plus bias.
    pub activation: ActivationKind,
    /// Present if the node's last input is a residual of the sum's own shape; the activation follows the sum.
    pub residual: Option<ActivationKind>,
    /// Rows and columns of the node's value that every pixel of the sum becomes (`stride` of `[upsample]`); 1 without.
    pub upsample: usize,
}

impl Epilogue {
    /// Stores the sum as it is.
    pub const NONE: Self = Self { activation: ActivationKind::Linear, residual: None, upsample: 1 };
}

/// A max pool (`[maxpool]`): taps outside the picture count as minus infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Rows and columns of the window.
    pub size: usize,
    /// Step down, in rows.
    pub stride_y: usize,
    /// Step right, in columns.
    pub stride_x: usize,
    /// Total padding (`padding`, default size - 1); the window starts at `-(padding / 2)`.
    pub padding: usize,
}

/// What a node computes from its inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The picture: `[C, H, W]`, RGB / 255.
    Input,
    /// Convolution of input 0; input 1, if any, is the residual of its [`Epilogue`].
    Conv(Conv),
    /// `gamma * (x - mean) / sqrt(var + eps) + beta`, per channel. Gone after folding.
    BatchNorm,
    /// Elementwise.
    Activation(ActivationKind),
    /// `[shortcut]`: input 0 plus the others; channels that an addend lacks are left alone, those it has more are ignored.
    Add,
    /// `[sam]`: elementwise product of two values of one shape.
    Mul,
    /// `[scale_channels]`: input 0 (C,H,W) times input 1 (C,1,1).
    ScaleChannels,
    /// `[route]` with several layers: inputs one above the other in channels.
    Concat,
    /// `[route]` with groups: channels `start .. start + shape.c` of input 0.
    Slice {
        /// First channel.
        start: usize,
    },
    /// Max pool.
    MaxPool(Pool),
    /// Three stride-1 max pools and their input, in concat order; made by the fuse pass. A size of 1 is the input itself.
    Spp {
        /// Window of each slice, in concat order: `[13, 9, 5, 1]` in Darknet.
        sizes: [usize; 4],
    },
    /// `[avgpool]`: the mean of each whole plane, (C,1,1).
    AvgPool,
    /// `[upsample]`: nearest, every pixel `stride` x `stride` times, multiplied by `scale`.
    Upsample {
        /// Enlargement, both ways.
        stride: usize,
        /// Factor, 1 unless the cfg says otherwise.
        scale: f32,
    },
}

impl Op {
    /// The op's name as `explain` prints it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Conv(_) => "conv",
            Self::BatchNorm => "batch_norm",
            Self::Activation(_) => "activation",
            Self::Add => "shortcut",
            Self::Mul => "sam",
            Self::ScaleChannels => "scale_channels",
            Self::Concat => "concat",
            Self::Slice { .. } => "slice",
            Self::MaxPool(_) => "max_pool",
            Self::Spp { .. } => "spp",
            Self::AvgPool => "avg_pool",
            Self::Upsample { .. } => "upsample",
        }
    }

    /// The convolution, if it is one: the one op whose work is counted ([`Graph::macs`]), that has numbers of its own once
    /// batch-norm is folded ([`Graph::numbers`]), and whose kernels are a ladder ([`Graph::problem`]).
    pub const fn conv(&self) -> Option<&Conv> {
        match self {
            Self::Conv(conv) => Some(conv),
            Self::Input
            | Self::BatchNorm
            | Self::Activation(_)
            | Self::Add
            | Self::Mul
            | Self::ScaleChannels
            | Self::Concat
            | Self::Slice { .. }
            | Self::MaxPool(_)
            | Self::Spp { .. }
            | Self::AvgPool
            | Self::Upsample { .. } => None,
        }
    }
}

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

impl Graph {
    /// The node of `id`.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// Shape of the picture the network takes.
    pub fn input_shape(&self) -> Shape {
        self.nodes[0].shape
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

    /// Multiply-accumulates of one node: convolutions only, as the published figures count.
    pub fn macs(&self, id: NodeId) -> u64 {
        let node = self.node(id);
        node.op.conv().map_or(0, |conv| {
            // In 64 bits even where usize has 32: a layer of P6 has more than 2^32.
            let ic = self.node(node.inputs[0]).shape.c;
            let per_element = (ic / conv.groups) as u64 * (conv.size * conv.size) as u64;
            conv.computed(node.shape).elements() as u64 * per_element
        })
    }

    /// Weights and biases of one node once batch-norm is folded: what its kernels read beside its inputs.
    pub fn numbers(&self, id: NodeId) -> (usize, usize) {
        let node = self.node(id);
        let of = |conv: &Conv| (conv.kernel_elements(self.node(node.inputs[0]).shape.c), conv.filters);
        node.op.conv().map_or((0, 0), of)
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

/// The numbers of one node.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeParams {
    /// Of an [`Op::Conv`].
    Conv {
        /// OIHW, I = input channels / groups.
        weights: Vec<f32>,
        /// One per filter, if [`Conv::bias`].
        bias: Option<Vec<f32>>,
    },
    /// Of an [`Op::BatchNorm`]; one number per channel each.
    BatchNorm {
        /// Added last (`biases` in the file).
        beta: Vec<f32>,
        /// Factor (`scales`).
        gamma: Vec<f32>,
        /// Running mean.
        mean: Vec<f32>,
        /// Running variance.
        var: Vec<f32>,
        /// Added to the variance under the root: 1e-5 in Darknet.
        eps: f32,
    },
}

/// The numbers of all nodes, by node id; `None` where a node has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params(pub Vec<Option<NodeParams>>);

impl Params {
    /// The numbers of `id`, if it has any.
    pub fn get(&self, id: NodeId) -> Option<&NodeParams> {
        self.0.get(id.0).and_then(Option::as_ref)
    }
}
