//! Wiring with shape inference: a [`Builder`] adds one op at a time and refuses what does not fit, by node name.

use crate::{
    error::{Error, Result},
    graph::ir::{Graph, Head, Node, NodeId},
    ops::Op,
    tensor::Shape,
};

/// Grows a [`Graph`] node by node. Every method returns the new node, or an error that names it.
#[derive(Clone, Debug)]
pub struct Builder {
    graph: Graph,
}

/// No value may be larger than this many elements: a typo in a cfg must not become a 4 TB allocation.
pub const MAX_ELEMENTS: usize = 1 << 31;

impl Builder {
    /// A graph with nothing but its input.
    ///
    /// # Errors
    /// If a side of `input` is 0 or the whole has more elements than any GPU can address (2^31).
    pub fn new(input: Shape) -> Result<Self> {
        check_size("input", input)?;
        let node =
            Node { name: "input".into(), layer: None, op: Op::Input, inputs: vec![], shape: input, origin: NodeId(0) };
        Ok(Self { graph: Graph { nodes: vec![node], heads: vec![] } })
    }

    /// Appends `op` reading `inputs`, with the shape that follows.
    ///
    /// # Errors
    /// If the inputs' number or shapes do not fit the op.
    pub fn add(&mut self, name: impl Into<String>, layer: Option<usize>, op: Op, inputs: &[NodeId]) -> Result<NodeId> {
        let name = name.into();
        let shapes: Vec<Shape> = inputs.iter().map(|i| self.graph.node(*i).shape).collect();
        let shape = infer(&name, &op, &shapes)?;
        check_size(&name, shape)?;
        let id = NodeId(self.graph.nodes.len());
        self.graph.nodes.push(Node { name, layer, op, inputs: inputs.to_vec(), shape, origin: id });
        Ok(id)
    }

    /// Appends a value that is given, as the input is.
    ///
    /// # Errors
    /// As [`Builder::new`].
    #[cfg(feature = "train")]
    pub fn given(&mut self, name: impl Into<String>, layer: Option<usize>, shape: Shape) -> Result<NodeId> {
        let name = name.into();
        check_size(&name, shape)?;
        let id = NodeId(self.graph.nodes.len());
        self.graph.nodes.push(Node { name, layer, op: Op::Input, inputs: vec![], shape, origin: id });
        Ok(id)
    }

    /// Declares a `[yolo]` layer.
    ///
    /// # Errors
    /// If the value's channels are not `anchors * (5 + classes)`.
    pub fn head(&mut self, name: &str, head: Head) -> Result<()> {
        let have = self.graph.node(head.input).shape.c;
        let want = head.anchors.len().saturating_mul(head.classes.saturating_add(5));
        if have != want {
            return Err(Error::graph(
                name,
                format!(
                    "expected {} anchors * (5 + {} classes) = {want} channels, found {have}",
                    head.anchors.len(),
                    head.classes
                ),
            ));
        }
        self.graph.heads.push(head);
        Ok(())
    }

    /// A node added before.
    #[cfg(feature = "train")]
    pub fn node(&self, id: NodeId) -> &Node {
        self.graph.node(id)
    }

    /// Shape of a value added before.
    pub fn shape(&self, id: NodeId) -> Shape {
        self.graph.node(id).shape
    }

    /// The finished graph.
    pub fn finish(self) -> Graph {
        self.graph
    }
}

/// The network of `graph` for a picture of `width` and `height`: its nodes, with the shapes that follow.
///
/// # Errors
/// If an op does not fit the shapes that follow.
pub fn resized(graph: &Graph, (width, height): (usize, usize)) -> Result<Graph> {
    let mut out = graph.clone();
    for i in 0..out.nodes.len() {
        let node = &out.nodes[i];
        let inputs: Vec<Shape> = node.inputs.iter().map(|input| out.node(*input).shape).collect();
        let shape = if matches!(node.op, Op::Input) {
            Shape { h: height, w: width, ..node.shape }
        } else {
            infer(&node.name, &node.op, &inputs)?
        };
        out.nodes[i].shape = shape;
    }
    Ok(out)
}

fn check_size(name: &str, shape: Shape) -> Result<()> {
    let elements = shape.c.checked_mul(shape.h).and_then(|n| n.checked_mul(shape.w));
    match elements {
        Some(0) => Err(Error::graph(name, format!("the value would be empty ({shape})"))),
        Some(n) if n <= MAX_ELEMENTS => Ok(()),
        _ => Err(Error::graph(name, format!("the value would have more than {MAX_ELEMENTS} elements ({shape})"))),
    }
}

/// Shape of what `op` computes from values of these shapes.
///
/// # Errors
/// If their number or shapes do not fit; the error carries `name` and the shapes.
fn infer(name: &str, op: &Op, inputs: &[Shape]) -> Result<Shape> {
    let want = op.arity();
    let shape = if want.contains(&inputs.len()) {
        op.shape(inputs)
    } else {
        Err(format!("{} takes {} inputs, found {}", op.name(), want.start(), inputs.len()))
    };
    shape.map_err(|message| {
        let shapes = inputs.iter().map(Shape::to_string).collect::<Vec<_>>().join(", ");
        Error::graph(name, format!("{message}; inputs were ({shapes})"))
    })
}
