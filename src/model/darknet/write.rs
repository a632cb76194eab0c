//! A network back to a `.cfg`, whatever it was read from: the sections that [`super::build`] makes the same graph of.

use std::fmt::{Display, Write};

use crate::{
    error::{Error, Result},
    graph::{Activation, Graph, Head, Node, NodeId, NodeParams, Op, Params, Pool},
    host::NmsKind,
    model::{
        CfgOptions, Decode, Model,
        darknet::{build, cfg::Cfg, weights::BN_EPS},
    },
};

/// The text of a cfg.
///
/// # Errors
/// [`Error::Graph`] for a node that no section of Darknet's computes.
pub fn cfg(model: &Model) -> Result<String> {
    let mut writer = Writer::new(model);
    let graph = &model.graph;
    let mut done = NodeId(0);
    for (id, _) in graph.iter().skip(1) {
        if id > done {
            done = writer.node(id)?;
        }
    }
    writer.heads()?;
    match graph.heads.get(writer.heads) {
        Some(head) => Err(writer.fail(head.input, "enters a head, and no section has its value")),
        None => Ok(writer.text),
    }
}

/// The same network as a cfg has it, and its numbers by that one's nodes.
///
/// # Errors
/// As [`cfg()`].
pub fn rewritten(model: &Model, params: &Params) -> Result<(String, Model, Params)> {
    let text = cfg(model)?;
    let parsed = Cfg::parse(&model.source, &text)?;
    let options = CfgOptions { decode: Decode::Darknet, ..CfgOptions::default() };
    let mut again = build::from_cfg(&model.source, &parsed, &options)?;
    again.labels.clone_from(&model.labels);
    again.preprocess = model.preprocess;
    again.defaults = model.defaults;
    let mut moved = Params(vec![None; again.graph.nodes.len()]);
    let numbers = |id: Option<NodeId>| id.and_then(|id| params.get(id)).cloned();
    for (old, new) in model.graph.weighted().iter().zip(again.graph.weighted()) {
        for (old, new) in [(old.conv, new.conv), (old.norm, new.norm)] {
            if let Some(new) = new {
                moved.0[new.0] = numbers(old);
            }
        }
    }
    Ok((text, again, moved))
}

/// The same numbers with Darknet's epsilon in every batch-norm, what was more of it in the variance.
pub fn with_darknets_epsilon(params: &Params) -> Params {
    let mut params = params.clone();
    for node in params.0.iter_mut().flatten() {
        if let NodeParams::BatchNorm { var, eps, .. } = node {
            let more = f64::from(*eps) - f64::from(BN_EPS);
            var.iter_mut().for_each(|var| *var = (f64::from(*var) + more) as f32);
            *eps = BN_EPS;
        }
    }
    params
}

struct Writer<'a> {
    model: &'a Model,
    graph: &'a Graph,
    text: String,
    uses: Vec<usize>,
    /// The value of each layer so far.
    values: Vec<NodeId>,
    /// Heads that are written.
    heads: usize,
}

impl<'a> Writer<'a> {
    fn new(model: &'a Model) -> Self {
        let graph = &model.graph;
        let mut writer = Self { model, graph, text: String::new(), uses: graph.uses(), values: vec![], heads: 0 };
        let input = graph.input_shape();
        writer.text.push_str("[net]\n");
        writer.line("width", &input.w);
        writer.line("height", &input.h);
        writer.line("channels", &input.c);
        if model.preprocess.letterbox {
            writer.line("letter_box", &1);
        }
        writer
    }

    fn line(&mut self, key: &str, value: &dyn Display) {
        // Writing to a String does not fail.
        let _ = writeln!(self.text, "{key}={value}");
    }

    /// Begins a section whose value is `value`.
    fn section(&mut self, kind: &str, value: NodeId) {
        let _ = writeln!(self.text, "\n[{kind}]");
        self.values.push(value);
    }

    /// How far back the layer lies that has this value, as seen from the next section.
    fn back(&self, value: NodeId) -> Result<i64> {
        let layer = self.values.iter().rposition(|v| *v == value).ok_or_else(|| {
            self.fail(
                value,
                "is read where no layer of a cfg has its value (the picture itself can only be read first)",
            )
        })?;
        Ok(layer as i64 - self.values.len() as i64)
    }

    /// Makes a value the last layer's.
    fn go_on_from(&mut self, value: NodeId) -> Result<()> {
        let last = self.values.last().copied().unwrap_or(NodeId(0));
        if last != value {
            let back = self.back(value)?;
            self.section("route", value);
            self.line("layers", &back);
        }
        Ok(())
    }

    fn fail(&self, id: NodeId, what: &str) -> Error {
        Error::graph(&self.graph.node(id).name, format!("{} {what}", self.graph.node(id).op.describe()))
    }

    /// What follows `id` and reads nothing else, if that is alone in reading it.
    fn follower(&self, id: NodeId) -> Option<(NodeId, &'a Node)> {
        let next = NodeId(id.0 + 1);
        let node = self.graph.nodes.get(next.0)?;
        (node.inputs == [id] && self.uses[id.0] == 1).then_some((next, node))
    }

    /// The activation behind `id`, if it can be a key of its section: that node, and the activation.
    fn activation(&self, id: NodeId) -> (NodeId, Activation) {
        match self.follower(id) {
            Some((next, Node { op: Op::Activation(kind), .. })) => (next, *kind),
            _ => (id, Activation::Linear),
        }
    }

    fn activated(&mut self, kind: Activation) {
        let name = match kind {
            Activation::Linear => "linear",
            Activation::Leaky(_) => "leaky",
            Activation::Relu => "relu",
            Activation::Relu6 => "relu6",
            Activation::Mish => "mish",
            Activation::Swish => "swish",
            Activation::Logistic => "logistic",
            Activation::HardMish => "hard_mish",
            Activation::Elu => "elu",
        };
        self.line("activation", &name);
        if let Activation::Leaky(slope) = kind
            && slope != 0.1
        {
            self.line("leaky_slope", &slope);
        }
    }

    /// Writes the section that begins with a node; returns the last node that is in it.
    fn node(&mut self, id: NodeId) -> Result<NodeId> {
        self.heads()?;
        let node = self.graph.node(id);
        let first = node.inputs.first().copied().unwrap_or(NodeId(0));
        match &node.op {
            Op::Input => Err(self.fail(id, "comes twice")),
            Op::Conv(_) => self.convolution(id),
            Op::BatchNorm => {
                self.go_on_from(first)?;
                self.section("batchnorm", id);
                Ok(id)
            }
            Op::Activation(kind) => {
                self.go_on_from(first)?;
                self.section("activation", id);
                self.activated(*kind);
                Ok(id)
            }
            Op::Add => {
                self.go_on_from(first)?;
                let others = node.inputs[1..].iter().map(|other| self.back(*other)).collect::<Result<Vec<_>>>()?;
                self.joined(id, "shortcut", "from", &others, true)
            }
            Op::Mul | Op::ScaleChannels => {
                let [other, last] = node.inputs[..] else { return Err(self.fail(id, "has not two inputs")) };
                self.go_on_from(last)?;
                let other = self.back(other)?;
                self.joined(id, if node.op == Op::Mul { "sam" } else { "scale_channels" }, "from", &[other], true)
            }
            Op::Concat => {
                let members = node.inputs.iter().map(|member| self.back(*member)).collect::<Result<Vec<_>>>()?;
                self.joined(id, "route", "layers", &members, false)
            }
            Op::Slice(slice) => {
                let all = self.graph.node(first).shape.c;
                let even = all.is_multiple_of(slice.channels) && slice.start.is_multiple_of(slice.channels);
                if !even {
                    return Err(self.fail(id, &format!("takes channels of {all} that are no equal group")));
                }
                let back = self.back(first)?;
                self.section("route", id);
                self.line("layers", &back);
                self.line("groups", &(all / slice.channels));
                self.line("group_id", &(slice.start / slice.channels));
                Ok(id)
            }
            Op::MaxPool(pool) => self.pooled(id, "maxpool", pool),
            Op::LocalAvgPool(pool) => self.pooled(id, "local_avgpool", &pool.0),
            Op::Spp(_) => Err(self.fail(id, "is made by a pass, and is no section")),
            #[cfg(feature = "train")]
            Op::Train(_) => Err(self.fail(id, "is of training, and is no section")),
            Op::AvgPool => {
                self.go_on_from(first)?;
                self.section("avgpool", id);
                Ok(id)
            }
            Op::Upsample(upsample) => {
                self.go_on_from(first)?;
                self.section("upsample", id);
                self.line("stride", &upsample.stride);
                if upsample.scale != 1.0 {
                    self.line("scale", &upsample.scale);
                }
                Ok(id)
            }
        }
    }

    /// A section that names other layers, and may have an activation.
    fn joined(&mut self, id: NodeId, kind: &str, key: &str, layers: &[i64], active: bool) -> Result<NodeId> {
        let (last, activation) = if active { self.activation(id) } else { (id, Activation::Linear) };
        let list: Vec<String> = layers.iter().map(i64::to_string).collect();
        self.section(kind, last);
        self.line(key, &list.join(","));
        if active {
            self.activated(activation);
        }
        Ok(last)
    }

    fn pooled(&mut self, id: NodeId, kind: &str, pool: &Pool) -> Result<NodeId> {
        self.go_on_from(self.graph.node(id).inputs[0])?;
        self.section(kind, id);
        self.line("size", &pool.size);
        self.strides(pool.stride_y, pool.stride_x);
        if pool.padding + 1 != pool.size {
            self.line("padding", &pool.padding);
        }
        Ok(id)
    }

    fn strides(&mut self, down: usize, right: usize) {
        if down == right {
            return self.line("stride", &down);
        }
        self.line("stride_y", &down);
        self.line("stride_x", &right);
    }

    fn convolution(&mut self, id: NodeId) -> Result<NodeId> {
        let node = self.graph.node(id);
        let (Some(conv), [input]) = (node.op.conv(), &node.inputs[..]) else {
            return Err(self.fail(id, "is no convolution as it is loaded"));
        };
        let norm = self.follower(id).filter(|(_, next)| next.op == Op::BatchNorm).map(|(next, _)| next);
        if norm.is_none() && !conv.bias {
            return Err(self.fail(id, "has neither a bias nor a batch-norm behind it, and no section is like that"));
        }
        // A bias before the batch-norm cannot be said; the norm has a section of its own then.
        let norm = norm.filter(|_| !conv.bias);
        let (last, activation) = self.activation(norm.unwrap_or(id));
        self.go_on_from(*input)?;
        self.section("convolutional", last);
        if norm.is_some() {
            self.line("batch_normalize", &1);
        }
        self.line("filters", &conv.filters);
        self.line("size", &conv.size);
        self.strides(conv.stride_y, conv.stride_x);
        if conv.pad == conv.size / 2 {
            self.line("pad", &1);
        } else {
            self.line("padding", &conv.pad);
        }
        if conv.groups > 1 {
            self.line("groups", &conv.groups);
        }
        if conv.dilation > 1 {
            self.line("dilation", &conv.dilation);
        }
        self.activated(activation);
        Ok(last)
    }

    /// Writes the heads whose turn it is: in their order, each as soon as what enters it is there.
    fn heads(&mut self) -> Result<()> {
        while let Some(head) = self.graph.heads.get(self.heads) {
            if !self.values.contains(&head.input) {
                break;
            }
            self.go_on_from(head.input)?;
            self.section("yolo", head.input);
            self.head(head);
            self.heads += 1;
        }
        Ok(())
    }

    /// With the anchors of all heads: Darknet looks for the best of all when it trains.
    fn head(&mut self, head: &Head) {
        let all: Vec<(f32, f32)> = self.graph.heads.iter().flat_map(|head| head.anchors.iter().copied()).collect();
        let before: usize = self.graph.heads[..self.heads].iter().map(|head| head.anchors.len()).sum();
        let mask: Vec<String> = (before..before + head.anchors.len()).map(|m| m.to_string()).collect();
        let anchors: Vec<String> = all.iter().map(|(w, h)| format!("{w},{h}")).collect();
        self.line("mask", &mask.join(","));
        self.line("anchors", &anchors.join(", "));
        self.line("classes", &head.classes);
        self.line("num", &all.len());
        self.line("scale_x_y", &head.scale_x_y);
        if head.new_coords {
            self.line("new_coords", &1);
        }
        let defaults = &self.model.defaults;
        match defaults.nms_kind {
            NmsKind::Iou => {}
            NmsKind::Diou { beta } if beta == NmsKind::BETA => self.line("nms_kind", &"greedynms"),
            NmsKind::Diou { .. } => self.line("nms_kind", &"diounms"),
        }
        if defaults.beta_nms != NmsKind::BETA {
            self.line("beta_nms", &defaults.beta_nms);
        }
    }
}
