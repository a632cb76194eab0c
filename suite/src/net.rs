//! Graphs that grow, with seeded parameters and inputs, and how close a player must come.

use yolov4::low_level::{
    graph::{Activation, Builder, Conv, Epilogue, Graph, NodeId, NodeParams, Op, Params, Slice},
    model::random::Random,
    tensor::{Shape, Tensor},
};

/// `|got - want| <= abs + rel * |want|`
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// In the value's own unit.
    pub abs: f64,
    /// As a part of what is expected.
    pub rel: f64,
}

/// Sums of up to some thousand f32 products of size about 1, in any order.
pub const SUMS: Tolerance = Tolerance { abs: 2e-5, rel: 2e-5 };
/// Moves and comparisons: nothing may change.
pub const EXACT: Tolerance = Tolerance { abs: 0.0, rel: 0.0 };
/// One or two roundings of f32, and exp as drivers compute it.
pub const ROUNDED: Tolerance = Tolerance { abs: 1e-6, rel: 1e-5 };

/// A graph, its numbers, an input; every node's value must agree.
#[derive(Debug)]
pub struct Problem {
    /// For the log.
    pub name: String,
    /// The kernels that it is meant for.
    pub kernels: &'static [&'static str],
    /// As loaded: neither folded nor fused.
    pub graph: Graph,
    /// The numbers of its nodes.
    pub params: Params,
    /// What enters it.
    pub input: Tensor,
    /// Its numbers are beyond f16.
    pub only_f32: bool,
    /// How far its values may be off in f32.
    pub tolerance: Tolerance,
}

/// A graph that grows, with seeded parameters.
pub struct Net {
    /// The graph so far.
    pub builder: Builder,
    params: Vec<Option<NodeParams>>,
    random: Random,
    last: NodeId,
}

/// A square convolution with a bias, padded so that stride 1 keeps the size.
pub fn conv(filters: usize, size: usize, stride: usize) -> Conv {
    Conv {
        filters,
        size,
        stride_y: stride,
        stride_x: stride,
        pad: size / 2,
        dilation: 1,
        groups: 1,
        bias: true,
        epilogue: Epilogue::NONE,
    }
}

impl Net {
    /// With an input of that shape.
    pub fn new(c: usize, h: usize, w: usize) -> Self {
        let builder = Builder::new(Shape::new(c, h, w)).unwrap();
        Self { builder, params: vec![None], random: Random::new(7), last: NodeId(0) }
    }

    /// Adds an op.
    pub fn op(&mut self, op: Op, inputs: &[NodeId], params: Option<NodeParams>) -> NodeId {
        self.last = self.builder.add(op.name(), None, op, inputs).unwrap();
        self.params.push(params);
        self.last
    }

    /// Half of the channels of a value.
    pub fn slice(&mut self, from: NodeId, start: usize) -> NodeId {
        let channels = self.builder.shape(from).c / 2;
        self.op(Op::Slice(Slice { start, channels }), &[from], None)
    }

    /// Random numbers between `-scale` and `scale`.
    pub fn list(&mut self, n: usize, scale: f32) -> Vec<f32> {
        (0..n).map(|_| self.random.signed() * scale).collect()
    }

    /// Adds a convolution with random numbers.
    pub fn conv(&mut self, from: NodeId, conv: Conv) -> NodeId {
        let ic = self.builder.shape(from).c / conv.groups;
        let fan_in = ic * conv.size * conv.size;
        let weights = self.list(conv.filters * fan_in, (3.0 / fan_in as f32).sqrt());
        let bias = conv.bias.then(|| self.list(conv.filters, 0.5));
        self.op(Op::Conv(conv), &[from], Some(NodeParams::Conv { weights, bias }))
    }

    /// Convolution, batch-norm, activation, as a Darknet layer.
    pub fn layer(&mut self, from: NodeId, conv: Conv, kind: Activation) -> NodeId {
        let sum = self.conv(from, Conv { bias: false, ..conv });
        let n = conv.filters;
        let (beta, mean) = (self.list(n, 0.3), self.list(n, 0.2));
        let gamma = self.list(n, 0.3).iter().map(|v| 1.0 + v).collect();
        let var = self.list(n, 0.5).iter().map(|v| 1.0 + v).collect();
        let norm = NodeParams::BatchNorm { beta, gamma, mean, var, eps: 1e-5 };
        let norm = self.op(Op::BatchNorm, &[sum], Some(norm));
        self.op(Op::Activation(kind), &[norm], None)
    }

    /// The problem.
    pub fn done(mut self, name: &str, kernels: &'static [&'static str], tolerance: Tolerance) -> Problem {
        let graph = self.builder.clone().finish();
        let shape = graph.input_shape();
        let data = self.list(shape.elements(), 1.0);
        let input = Tensor::new(shape, data).unwrap();
        Problem { name: name.into(), kernels, graph, params: Params(self.params), input, only_f32: false, tolerance }
    }
}

/// How far the worst element is off.
///
/// # Errors
/// The first element outside the tolerance, and the worst.
pub fn compare(got: &Tensor, want: &Tensor, tolerance: Tolerance) -> Result<f64, String> {
    if got.shape != want.shape {
        return Err(format!("shape {} instead of {}", got.shape, want.shape));
    }
    let excess = |(g, w): (&f32, &f32)| {
        let (g, w) = (f64::from(*g), f64::from(*w));
        // NaN is never within a tolerance.
        let off = (g - w).abs() - (tolerance.abs + tolerance.rel * w.abs());
        if off.is_nan() { f64::INFINITY } else { off }
    };
    let all: Vec<f64> = got.data.iter().zip(&want.data).map(excess).collect();
    let Some(first) = all.iter().position(|e| *e > 0.0) else {
        let errors = got.data.iter().zip(&want.data).map(|(g, w)| (f64::from(*g) - f64::from(*w)).abs());
        return Ok(errors.fold(0.0, f64::max));
    };
    let worst = (0..all.len()).max_by(|a, b| all[*a].total_cmp(&all[*b])).unwrap_or(first);
    let show = |i: usize| {
        let n = want.shape.pixels();
        let (c, y, x) = (i / n, i % n / want.shape.w, i % want.shape.w);
        format!("({c}, {y}, {x}): {} instead of {}", got.data[i], want.data[i])
    };
    Err(format!(
        "{} of {} elements off; first {}, worst {}",
        all.iter().filter(|e| **e > 0.0).count(),
        all.len(),
        show(first),
        show(worst)
    ))
}
