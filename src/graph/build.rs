//! Wiring with shape inference: a [`Builder`] adds one op at a time and refuses what does not fit, by node name.

use crate::{
    error::{Error, Result},
    graph::ir::{Graph, Head, Node, NodeId, Op},
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
    /// If a side of `input` is 0 or the whole is over [`MAX_ELEMENTS`].
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
    pub fn add(
        &mut self,
        name: impl Into<String>,
        layer: Option<usize>,
        op: Op,
        inputs: &[NodeId],
        slice_channels: Option<usize>,
    ) -> Result<NodeId> {
        let name = name.into();
        let shapes: Vec<Shape> = inputs.iter().map(|i| self.graph.node(*i).shape).collect();
        let shape = infer(&name, &op, &shapes, slice_channels)?;
        check_size(&name, shape)?;
        let id = NodeId(self.graph.nodes.len());
        self.graph.nodes.push(Node { name, layer, op, inputs: inputs.to_vec(), shape, origin: id });
        Ok(id)
    }

    /// Declares a `[yolo]` layer.
    ///
    /// # Errors
    /// If the value's channels are not `anchors * (5 + classes)`.
    pub fn head(&mut self, name: &str, head: Head) -> Result<()> {
        let have = self.graph.node(head.input).shape.c;
        let want = head.anchors.len() * (5 + head.classes);
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

    /// Shape of a value added before.
    pub fn shape(&self, id: NodeId) -> Shape {
        self.graph.node(id).shape
    }

    /// The finished graph.
    pub fn finish(self) -> Graph {
        self.graph
    }
}

/// The same network for a picture of `width` and `height`.
///
/// # Errors
/// If an op does not fit the shapes that follow.
pub fn resized(graph: &Graph, (width, height): (usize, usize)) -> Result<Graph> {
    let mut out = graph.clone();
    for i in 0..out.nodes.len() {
        let node = &out.nodes[i];
        let inputs: Vec<Shape> = node.inputs.iter().map(|input| out.node(*input).shape).collect();
        let shape = if node.op == Op::Input {
            Shape { h: height, w: width, ..node.shape }
        } else {
            infer(&node.name, &node.op, &inputs, Some(node.shape.c))?
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

/// Output side of a window op: `(side + padding - size) / stride + 1`, or `None` if the window does not fit.
pub fn window(side: usize, padding: usize, size: usize, stride: usize) -> Option<usize> {
    if stride == 0 || size == 0 {
        return None;
    }
    side.checked_add(padding)?.checked_sub(size).map(|n| n / stride + 1)
}

/// Shape of what `op` computes from values of these shapes.
///
/// # Errors
/// If their number or shapes do not fit; the error carries `name` and the shapes.
pub fn infer(name: &str, op: &Op, inputs: &[Shape], slice_channels: Option<usize>) -> Result<Shape> {
    let shapes = || inputs.iter().map(Shape::to_string).collect::<Vec<_>>().join(", ");
    let fail = |message: String| Error::graph(name, format!("{message}; inputs were ({})", shapes()));
    let want = match op {
        Op::Input => 0..=0,
        Op::Conv(conv) => {
            let n = 1 + usize::from(conv.epilogue.residual.is_some());
            n..=n
        }
        Op::Add => 2..=usize::MAX,
        Op::Concat => 1..=usize::MAX,
        Op::Mul | Op::ScaleChannels => 2..=2,
        Op::BatchNorm
        | Op::Activation(_)
        | Op::Slice { .. }
        | Op::MaxPool(_)
        | Op::Spp { .. }
        | Op::AvgPool
        | Op::Upsample { .. } => 1..=1,
    };
    if !want.contains(&inputs.len()) {
        return Err(fail(format!("{} takes {} inputs, found {}", op.name(), want.start(), inputs.len())));
    }
    let Some(&x) = inputs.first() else {
        return Err(fail("the input is given, not computed".into()));
    };
    let pooled = |size, stride_y, stride_x, padding| {
        let h = window(x.h, padding, size, stride_y);
        let w = window(x.w, padding, size, stride_x);
        h.zip(w).ok_or_else(|| fail(format!("a {size}x{size} window with stride {stride_y}x{stride_x} does not fit")))
    };
    let enlarged = |c, h: usize, w: usize, stride: usize| {
        let sides = h.checked_mul(stride).zip(w.checked_mul(stride)).filter(|_| stride > 0);
        sides.map(|(h, w)| Shape::new(c, h, w)).ok_or_else(|| fail(format!("stride {stride} is 0 or too large")))
    };
    match op {
        Op::Input => Ok(x),
        Op::Conv(conv) => {
            let g = conv.groups;
            if g == 0 || !x.c.is_multiple_of(g) || !conv.filters.is_multiple_of(g) {
                return Err(fail(format!(
                    "{g} groups do not divide {} input channels and {} filters",
                    x.c, conv.filters
                )));
            }
            let padding = conv.pad.checked_mul(2).ok_or_else(|| fail(format!("padding {} is too large", conv.pad)))?;
            let (h, w) = pooled(conv.size, conv.stride_y, conv.stride_x, padding)?;
            enlarged(conv.filters, h, w, conv.epilogue.upsample)
        }
        Op::BatchNorm | Op::Activation(_) => Ok(x),
        Op::Add => match inputs.iter().find(|s| (s.h, s.w) != (x.h, x.w)) {
            Some(other) => Err(fail(format!("cannot add {other} to {x}"))),
            None => Ok(x),
        },
        Op::Mul if inputs[1] == x => Ok(x),
        Op::Mul => Err(fail("both values must have one shape".into())),
        Op::ScaleChannels if inputs[1] == Shape::new(x.c, 1, 1) => Ok(x),
        Op::ScaleChannels => Err(fail(format!("expected a factor of shape {}", Shape::new(x.c, 1, 1)))),
        Op::Concat => match inputs.iter().find(|s| (s.h, s.w) != (x.h, x.w)) {
            Some(other) => Err(fail(format!("cannot join {other} to {x}"))),
            None => Ok(Shape::new(inputs.iter().map(|s| s.c).sum(), x.h, x.w)),
        },
        Op::Slice { start } => match slice_channels {
            Some(n) if n > 0 && start + n <= x.c => Ok(Shape::new(n, x.h, x.w)),
            n => Err(fail(format!("channels {start} .. {} are not all there", start + n.unwrap_or(0)))),
        },
        Op::MaxPool(p) => {
            let (h, w) = pooled(p.size, p.stride_y, p.stride_x, p.padding)?;
            Ok(Shape::new(x.c, h, w))
        }
        Op::Spp { .. } => Ok(Shape::new(x.c * 4, x.h, x.w)),
        Op::AvgPool => Ok(Shape::new(x.c, 1, 1)),
        Op::Upsample { stride, .. } => enlarged(x.c, x.h, x.w, *stride),
    }
}
