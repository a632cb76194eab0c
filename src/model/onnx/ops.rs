//! One operator of ONNX at a time: the table of what is read.

use super::{
    attributes::{attribute, float, int, text},
    constants::{Constant, Numbers},
    importer::{GatePart, Importer, Known},
    proto::NodeProto,
    windows::OnnxWindow,
};
use crate::{
    graph::{Activation, Conv, Epilogue, LocalAvgPool, NodeId, NodeParams, Op, Slice, Upsample},
    tensor::Shape,
};

/// The operators that are read.
pub const OPERATORS: &[&str] = &[
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Clip",
    "Concat",
    "Constant",
    "Conv",
    "Dropout",
    "Elu",
    "GlobalAveragePool",
    "HardSigmoid",
    "Identity",
    "LeakyRelu",
    "MaxPool",
    "Mish",
    "Mul",
    "Relu",
    "Resize",
    "Sigmoid",
    "Slice",
    "Softplus",
    "Split",
    "Sum",
    "Tanh",
    "Upsample",
];

/// Longest axis of a kernel, and most groups.
const MOST: usize = 1 << 16;

impl Importer<'_> {
    /// Adds a node of the file.
    ///
    /// # Errors
    /// What is not read here, or does not fit.
    pub fn node(&mut self, number: usize, node: &NodeProto) -> Result<(), String> {
        if !node.domain.is_empty() && node.domain != "ai.onnx" {
            return Err(format!("operators of `{}` are not read here", node.domain));
        }
        let output = node.output.first().cloned().ok_or("has no output")?;
        let layer = Some(number);
        let activation = match node.op_type.as_str() {
            "LeakyRelu" => Some(Activation::Leaky(float(node, "alpha", 0.01))),
            "Relu" => Some(Activation::Relu),
            "Sigmoid" if !self.is_gate(&output) => Some(Activation::Logistic),
            "Mish" => Some(Activation::Mish),
            "Elu" if float(node, "alpha", 1.0) == 1.0 => Some(Activation::Elu),
            "Clip" => self.clip(node)?,
            _ => None,
        };
        let found = match node.op_type.as_str() {
            _ if activation.is_some() => {
                let x = self.first(node)?;
                let op = Op::Activation(activation.unwrap_or(Activation::Linear));
                Known::Node(self.add(&output, layer, op, &[x], None)?)
            }
            "Conv" => Known::Node(self.convolution(node, &output, layer)?),
            "BatchNormalization" => Known::Node(self.batch_norm(node, &output, layer)?),
            "Sigmoid" => Known::Part(GatePart::Sigmoid, self.first(node)?),
            "Softplus" => Known::Part(GatePart::Softplus, self.first(node)?),
            "HardSigmoid" => Known::Part(
                GatePart::HardSigmoid(float(node, "alpha", 0.2), float(node, "beta", 0.5)),
                self.first(node)?,
            ),
            "Tanh" => match node.input.first().and_then(|name| self.known.get(name)) {
                Some(Known::Part(GatePart::Softplus, of)) => Known::Part(GatePart::MishGate, *of),
                _ => return Err("is read as a part of Mish only: tanh(softplus(x))".into()),
            },
            "Mul" => Known::Node(self.product(node, &output, layer)?),
            "Add" | "Sum" => {
                let inputs = self.all(node)?;
                let shapes: Vec<Shape> = inputs.iter().map(|id| self.builder.shape(*id)).collect();
                if shapes.iter().any(|shape| *shape != shapes[0]) {
                    return Err(format!("adds {shapes:?}: expected one shape"));
                }
                Known::Node(self.add(&output, layer, Op::Add, &inputs, None)?)
            }
            "Concat" => {
                let axis = int(node, "axis", 1);
                if axis != 1 && axis != -3 {
                    return Err(format!("axis: expected 1, the channels, found {axis}"));
                }
                let inputs = self.all(node)?;
                match inputs[..] {
                    [one] => Known::Node(one),
                    _ => Known::Node(self.add(&output, layer, Op::Concat, &inputs, None)?),
                }
            }
            "Slice" => self.slice(node, &output, layer)?,
            "Split" => return self.split(node, layer),
            "MaxPool" | "AveragePool" => {
                let x = self.first(node)?;
                let shape = self.builder.shape(x);
                let pool = OnnxWindow::of(node, shape, None)?.pool(shape)?;
                let average = node.op_type == "AveragePool";
                if average && pool.padding > 0 && int(node, "count_include_pad", 0) != 0 {
                    return Err("count_include_pad: a mean that counts the border is not read here".into());
                }
                let op = if average { Op::LocalAvgPool(LocalAvgPool(pool)) } else { Op::MaxPool(pool) };
                Known::Node(self.add(&output, layer, op, &[x], None)?)
            }
            "GlobalAveragePool" => {
                let x = self.first(node)?;
                Known::Node(self.add(&output, layer, Op::AvgPool, &[x], None)?)
            }
            "Resize" | "Upsample" => Known::Node(self.resize(node, &output, layer)?),
            "Identity" | "Dropout" => Known::Node(self.first(node)?),
            "Constant" => {
                let tensor = attribute(node, "value").and_then(|value| value.t.as_ref());
                Known::Constant(Constant::named(&output, tensor.ok_or("has no tensor for a value")?)?)
            }
            "Elu" => return Err("alpha: expected 1".into()),
            other => return Err(format!("`{other}` is not read here; known are {}", OPERATORS.join(", "))),
        };
        self.known.insert(output, found);
        Ok(())
    }

    fn convolution(&mut self, node: &NodeProto, output: &str, layer: Option<usize>) -> Result<NodeId, String> {
        let x = self.first(node)?;
        let shape = self.builder.shape(x);
        let kernel = self.constant(node, 1)?.ok_or("has no kernel")?;
        let [filters, inputs, rows, columns] = kernel.dims[..] else {
            return Err(format!("kernel: expected four axes, found {:?}", kernel.dims));
        };
        if kernel.dims.iter().any(|n| !(1..=MOST).contains(n)) {
            return Err(format!("kernel: expected axes of 1 to {MOST}, found {:?}", kernel.dims));
        }
        let window = OnnxWindow::of(node, shape, Some([rows, columns]))?;
        if window.size != [rows, columns] {
            return Err(format!("kernel_shape {:?}, and a kernel of {rows}x{columns}", window.size));
        }
        let (size, dilation) =
            (OnnxWindow::same("kernel", window.size)?, OnnxWindow::same("dilations", window.dilation)?);
        let before = OnnxWindow::same("pads", window.before)?;
        if !before.is_multiple_of(dilation) {
            return Err(format!("pads of {before} are no multiple of the dilation, {dilation}"));
        }
        let groups = usize::try_from(int(node, "group", 1)).ok().filter(|n| (1..=MOST).contains(n));
        let groups = groups.ok_or("group: expected 1 to 65536")?;
        if inputs * groups != shape.c {
            return Err(format!(
                "expected a kernel of {} channels in each of {groups} groups, found {inputs}",
                shape.c
            ));
        }
        let weights = self.floats(node, 1)?;
        let bias = if node.input.get(2).is_some_and(|name| !name.is_empty()) {
            self.floats(node, 2)?
        } else {
            vec![0.0; filters]
        };
        if bias.len() != filters {
            return Err(format!("expected {filters} biases, found {}", bias.len()));
        }
        let op = Conv {
            filters,
            size,
            stride_y: window.stride[0],
            stride_x: window.stride[1],
            pad: before / dilation,
            dilation,
            groups,
            // One before a batch-norm goes into its mean: no section of a cfg has both.
            bias: !self.is_normed(output),
            epilogue: Epilogue::NONE,
        };
        let (own, later) = if op.bias { (Some(bias), None) } else { (None, Some(bias)) };
        let id = self.add(output, layer, Op::Conv(op), &[x], Some(NodeParams::Conv { weights, bias: own }))?;
        self.biases.extend(later.map(|bias| (id, bias)));
        let made = self.builder.shape(id);
        if [made.h, made.w] != window.outputs {
            return Err(format!(
                "gives {:?} rows and columns there, and {}x{} here: its borders differ at the ends",
                window.outputs, made.h, made.w
            ));
        }
        Ok(id)
    }

    fn batch_norm(&mut self, node: &NodeProto, output: &str, layer: Option<usize>) -> Result<NodeId, String> {
        let x = self.first(node)?;
        let channels = self.builder.shape(x).c;
        let mut part = |input: usize| {
            let list = self.floats(node, input)?;
            if list.len() == channels {
                Ok(list)
            } else {
                Err(format!("input {input}: expected {channels} numbers, found {}", list.len()))
            }
        };
        let [gamma, beta, mut mean, var] = [part(1)?, part(2)?, part(3)?, part(4)?];
        if let Some(bias) = self.biases.get(&x) {
            mean.iter_mut().zip(bias).for_each(|(mean, bias)| *mean -= bias);
        }
        let numbers = NodeParams::BatchNorm { gamma, beta, mean, var, eps: float(node, "epsilon", 1e-5) };
        self.add(output, layer, Op::BatchNorm, &[x], Some(numbers))
    }

    /// `min(max(x, 0), 6)`
    fn clip(&self, node: &NodeProto) -> Result<Option<Activation>, String> {
        let bound = |input: usize, name: &str| -> Result<Option<f32>, String> {
            match attribute(node, name) {
                Some(attribute) => Ok(Some(attribute.f)),
                None => Ok(self.constant(node, input)?.and_then(|c| c.floats().first().copied())),
            }
        };
        let (least, most) = (bound(1, "min")?, bound(2, "max")?);
        match (least, most) {
            (Some(0.0), Some(6.0)) => Ok(Some(Activation::Relu6)),
            (Some(0.0), None) => Ok(Some(Activation::Relu)),
            other => Err(format!("is read between 0 and 6 only, found {other:?}")),
        }
    }

    /// An activation of several operators, or a product of two values.
    fn product(&mut self, node: &NodeProto, output: &str, layer: Option<usize>) -> Result<NodeId, String> {
        let [a, b] = &node.input[..] else { return Err("has not two inputs".into()) };
        for (gate, x) in [(a, b), (b, a)] {
            if let (Some(Known::Part(part, of)), Some(Known::Node(x))) = (self.known.get(gate), self.known.get(x))
                && of == x
            {
                let (part, x) = (*part, *x);
                let kind = match part {
                    GatePart::Sigmoid => Activation::Swish,
                    GatePart::MishGate => Activation::Mish,
                    GatePart::HardSigmoid(0.5, 1.0) => Activation::HardMish,
                    other => return Err(format!("x times {other:?} of x is an activation that is not known here")),
                };
                return self.add(output, layer, Op::Activation(kind), &[x], None);
            }
        }
        let (x, y) = (self.value(a)?, self.value(b)?);
        let (of_x, of_y) = (self.builder.shape(x), self.builder.shape(y));
        if of_x == of_y {
            return self.add(output, layer, Op::Mul, &[x, y], None);
        }
        let one_each = |shape: Shape, other: Shape| (shape.c, shape.h, shape.w) == (other.c, 1, 1);
        if one_each(of_y, of_x) {
            self.add(output, layer, Op::ScaleChannels, &[x, y], None)
        } else if one_each(of_x, of_y) {
            self.add(output, layer, Op::ScaleChannels, &[y, x], None)
        } else {
            Err(format!("multiplies {of_x} and {of_y}"))
        }
    }

    fn slice(&mut self, node: &NodeProto, output: &str, layer: Option<usize>) -> Result<Known, String> {
        let x = self.first(node)?;
        let shape = self.builder.shape(x);
        let starts = self.whole(node, 1, "starts")?.ok_or("has no starts")?;
        let ends = self.whole(node, 2, "ends")?.ok_or("has no ends")?;
        let axes = self.whole(node, 3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = self.whole(node, 4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
        let ([start], [end], [1 | -3], [1]) = (&starts[..], &ends[..], &axes[..], &steps[..]) else {
            return Err(format!(
                "takes {starts:?} to {ends:?} of axes {axes:?} in steps of {steps:?}: expected one piece of the channels"
            ));
        };
        let at = |n: i64| if n < 0 { n + shape.c as i64 } else { n }.clamp(0, shape.c as i64) as usize;
        let (start, end) = (at(*start), at(*end));
        if start >= end {
            return Err(format!("takes channels {start} to {end} of {}", shape.c));
        }
        if (start, end) == (0, shape.c) {
            return Ok(Known::Node(x));
        }
        let op = Op::Slice(Slice { start, channels: end - start });
        Ok(Known::Node(self.add(output, layer, op, &[x], None)?))
    }

    fn split(&mut self, node: &NodeProto, layer: Option<usize>) -> Result<(), String> {
        let x = self.first(node)?;
        let shape = self.builder.shape(x);
        let axis = int(node, "axis", 0);
        if axis != 1 && axis != -3 {
            return Err(format!("axis: expected 1, the channels, found {axis}"));
        }
        let count = node.output.len();
        let even = || vec![(shape.c / count) as i64; count];
        let parts = self.whole(node, 1, "split")?.unwrap_or_else(even);
        let whole: Option<Vec<usize>> = parts.iter().map(|n| usize::try_from(*n).ok().filter(|n| *n > 0)).collect();
        let sum = |list: &[usize]| list.iter().try_fold(0usize, |sum, n| sum.checked_add(*n));
        let whole = whole.filter(|list| list.len() == count && sum(list) == Some(shape.c));
        let whole = whole.ok_or_else(|| format!("{count} parts of {} channels: {parts:?}", shape.c))?;
        let mut start = 0;
        for (name, channels) in node.output.iter().zip(whole) {
            let id = self.add(name, layer, Op::Slice(Slice { start, channels }), &[x], None)?;
            self.known.insert(name.clone(), Known::Node(id));
            start += channels;
        }
        Ok(())
    }

    /// Every pixel several times.
    fn resize(&mut self, node: &NodeProto, output: &str, layer: Option<usize>) -> Result<NodeId, String> {
        let x = self.first(node)?;
        let shape = self.builder.shape(x);
        if text(node, "mode").unwrap_or("nearest") != "nearest" {
            return Err(format!("mode: expected nearest, found {:?}", text(node, "mode")));
        }
        // For whole factors these give the same pixels as the nearest one below does.
        let (way, nearest) = (text(node, "coordinate_transformation_mode"), text(node, "nearest_mode"));
        let usual = match way.unwrap_or("half_pixel") {
            "asymmetric" => nearest == Some("floor"),
            "half_pixel" | "pytorch_half_pixel" => {
                matches!(nearest, None | Some("round_prefer_floor" | "round_prefer_ceil"))
            }
            _ => false,
        };
        // Opset 10 has no such attributes, and means the nearest one below.
        if node.op_type == "Resize" && !usual && node.input.len() > 2 {
            return Err(format!(
                "coordinate_transformation_mode {way:?} with nearest_mode {nearest:?} is not read here"
            ));
        }
        let scales = match attribute(node, "scales") {
            Some(attribute) => Some(attribute.floats.clone()),
            // Opset 10 has them second, later ones third, behind a region.
            None => {
                let at = if node.input.len() == 2 { 1 } else { 2 };
                let found = self.constant(node, at)?;
                found.map(|c| c.floats()).filter(|list| !list.is_empty())
            }
        };
        let factors: Vec<f32> = match (scales, self.constant(node, 3)?.map(|c| c.numbers)) {
            (Some(scales), _) => scales,
            (None, Some(Numbers::Ints(sizes))) if sizes.len() == 4 => {
                vec![
                    1.0,
                    sizes[1] as f32 / shape.c as f32,
                    sizes[2] as f32 / shape.h as f32,
                    sizes[3] as f32 / shape.w as f32,
                ]
            }
            _ => return Err("has neither scales nor sizes".into()),
        };
        let [n, c, y, x_] = factors[..] else { return Err(format!("scales: expected four, found {factors:?}")) };
        if n != 1.0 || c != 1.0 || y != x_ || y < 1.0 || y.fract() != 0.0 || y > 64.0 {
            return Err(format!("scales: expected 1, 1 and twice the same whole number, found {factors:?}"));
        }
        let op = Op::Upsample(Upsample { stride: y as usize, scale: 1.0 });
        self.add(output, layer, op, &[x], None)
    }
}
