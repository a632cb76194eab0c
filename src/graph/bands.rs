//! The band pass: a value that is too large for one binding is cut by channels into at most [`MAX_PARTS`] bands, each a
//! value of its own, for convolutions can read that many side by side.
//!
//! What computes such a value is cut likewise: a convolution becomes several over slices of its filters, whatever goes
//! channel by channel becomes several of its kind. A concat stays behind that stands for the whole: convolutions read it,
//! it has the name and the origin, and no memory. What nobody can cut - a head, a value of too many bands, groups that
//! cross a seam - is left as it is, too large.

use std::collections::BTreeSet;

use crate::{
    graph::ir::{Graph, Head, Node, NodeId, Params},
    kernels::conv::MAX_PARTS,
    ops::{Conv, Cut, NodeParams, Op, Pool, Slice},
    tensor::Shape,
};

/// A fused graph in which, as far as possible, no value has more than `limit` four-channel vectors, and the parameters that
/// go with it. A graph whose values all fit is left alone.
pub fn bands(graph: Graph, mut params: Params, limit: usize) -> (Graph, Params) {
    if graph.nodes.iter().all(|node| node.shape.vectors() <= limit) {
        return (graph, params);
    }
    params.0.resize(graph.nodes.len(), None);
    let Graph { nodes, heads } = graph;
    let mut cutter = Cutter { limit, nodes: vec![], params: vec![], values: vec![] };
    for (i, (node, numbers)) in nodes.iter().zip(params.0).enumerate() {
        let is_head = heads.iter().any(|head| head.input == NodeId(i));
        let parts = if cutter.must_cut(node, is_head) { cutter.cut(node, numbers.as_ref()) } else { None };
        let value = match parts {
            Some(parts) => cutter.join(node, parts),
            None => cutter.copy(node, numbers),
        };
        cutter.values.push(value);
    }
    let whole = |head: Head| Head { input: cutter.values[head.input.0].whole, ..head };
    let heads = heads.into_iter().map(whole).collect();
    (Graph { nodes: cutter.nodes, heads }, Params(cutter.params))
}

/// What became of a value.
struct Value {
    /// The node that stands for all of it.
    whole: NodeId,
    /// The values that it is made of, from the first channel to the last; `whole` alone if it was not cut.
    bands: Vec<Band>,
}

/// Some channels of a value.
#[derive(Clone, Copy)]
struct Band {
    node: NodeId,
    start: usize,
    channels: usize,
}

impl Band {
    fn end(&self) -> usize {
        self.start + self.channels
    }
}

/// First channel and number of channels.
type Span = (usize, usize);

struct Cutter {
    limit: usize,
    nodes: Vec<Node>,
    params: Vec<Option<NodeParams>>,
    /// By node of the graph as it was.
    values: Vec<Value>,
}

impl Cutter {
    /// Whether a node computes too much, or reads what is cut and is no convolution that reads bands side by side.
    fn must_cut(&self, node: &Node, is_head: bool) -> bool {
        let too_large = node.shape.vectors() > self.limit;
        let reads_bands = node.inputs.iter().any(|input| self.values[input.0].bands.len() > 1);
        if too_large { !is_head } else { reads_bands && !node.op.gathers() }
    }

    /// The nodes that take the place of one, in order of channels; none if it cannot be cut.
    fn cut(&mut self, node: &Node, numbers: Option<&NodeParams>) -> Option<Vec<NodeId>> {
        match node.op.cut() {
            Cut::Never => None,
            Cut::Channels { or_input } => self.channel_by_channel(node, or_input),
            Cut::Filters => self.conv(node, node.op.conv()?, numbers),
            Cut::Members => self.concat(node),
            Cut::Range { start } => Some(self.slice(node, start)),
            Cut::Pools { sizes } => self.spp(node, sizes),
        }
    }

    /// The node as it was.
    fn copy(&mut self, node: &Node, numbers: Option<NodeParams>) -> Value {
        let inputs = node.inputs.iter().map(|input| self.values[input.0].whole).collect();
        let whole = self.push(Node { inputs, ..node.clone() }, numbers);
        Value { whole, bands: vec![Band { node: whole, start: 0, channels: node.shape.c }] }
    }

    /// The value that `parts` are the bands of.
    fn join(&mut self, node: &Node, parts: Vec<NodeId>) -> Value {
        let mut start = 0;
        let mut bands = Vec::with_capacity(parts.len());
        for part in &parts {
            let channels = self.nodes[part.0].shape.c;
            bands.push(Band { node: *part, start, channels });
            start += channels;
        }
        if let [only] = parts[..] {
            return Value { whole: only, bands };
        }
        let whole = self.push(Node { op: Op::Concat, inputs: parts, ..node.clone() }, None);
        // One that fits, after a pool say, is a value like any other.
        if node.shape.vectors() <= self.limit {
            bands = vec![Band { node: whole, start: 0, channels: node.shape.c }];
        }
        Value { whole, bands }
    }

    fn push(&mut self, node: Node, numbers: Option<NodeParams>) -> NodeId {
        self.nodes.push(node);
        self.params.push(numbers);
        NodeId(self.nodes.len() - 1)
    }

    /// Band `i` of `of`, which stands in for `node`.
    fn push_band(
        &mut self,
        node: &Node,
        op: Op,
        inputs: Vec<NodeId>,
        channels: usize,
        (i, of): (usize, usize),
    ) -> NodeId {
        let name = format!("{} ({} of {of})", node.name, i + 1);
        self.push(Node { name, op, inputs, shape: Shape { c: channels, ..node.shape }, ..node.clone() }, None)
    }

    /// One node with channels `start ..` of an old value, for `reader`; none if they are in several bands.
    fn range(&mut self, of: NodeId, (start, channels): Span, reader: &Node) -> Option<NodeId> {
        let inside = |b: &&Band| b.start <= start && start + channels <= b.end();
        let band = *self.values[of.0].bands.iter().find(inside)?;
        if band.channels == channels {
            return Some(band.node);
        }
        let from = &self.nodes[band.node.0];
        let first = start - band.start;
        let node = Node {
            name: format!("{} (channels {first} to {})", from.name, first + channels - 1),
            layer: from.layer,
            op: Op::Slice(Slice { start: first, channels }),
            inputs: vec![band.node],
            shape: Shape { c: channels, ..from.shape },
            origin: reader.origin,
        };
        Some(self.push(node, None))
    }

    /// First channels of the bands of old values.
    fn starts(&self, of: &[NodeId]) -> BTreeSet<usize> {
        of.iter().flat_map(|id| &self.values[id.0].bands).map(|band| band.start).collect()
    }

    /// The bands of a value: cut where what it is computed from is cut, and evenly too where that is not enough.
    fn spans(&self, shape: Shape, mut starts: BTreeSet<usize>) -> Option<Vec<Span>> {
        let fits = |spans: &[Span]| spans.iter().all(|(_, c)| Shape { c: *c, ..shape }.vectors() <= self.limit);
        let between = |starts: &BTreeSet<usize>| -> Vec<Span> {
            let ends = starts.iter().skip(1).copied().chain([shape.c]);
            starts.iter().zip(ends).map(|(start, end)| (*start, end - start)).collect()
        };
        starts.insert(0);
        starts.retain(|start| *start < shape.c);
        let mut spans = between(&starts);
        if !fits(&spans) {
            let most = self.limit / shape.pixels();
            let count = shape.blocks().div_ceil(most.max(1));
            let each = 4 * shape.blocks().div_ceil(count);
            starts.extend((0..shape.c).step_by(each));
            spans = between(&starts);
        }
        (spans.len() <= MAX_PARTS && fits(&spans)).then_some(spans)
    }

    /// A convolution: filters are independent of each other.
    fn conv(&mut self, node: &Node, conv: &Conv, numbers: Option<&NodeParams>) -> Option<Vec<NodeId>> {
        let (input, residual) = node.inputs.split_first()?;
        // Of one group.
        let (ic, oc) = (self.nodes[self.values[input.0].whole.0].shape.c / conv.groups, conv.filters / conv.groups);
        let mut starts = self.starts(residual);
        if conv.groups > 1 {
            for start in self.starts(&[*input]) {
                starts.insert(start.is_multiple_of(ic).then_some(start / ic * oc)?);
            }
        }
        let spans = self.spans(node.shape, starts)?;
        if conv.groups > 1 && !spans.iter().all(|(start, n)| start.is_multiple_of(oc) && n.is_multiple_of(oc)) {
            return None;
        }
        let mut parts = Vec::with_capacity(spans.len());
        for (i, (start, filters)) in spans.iter().copied().enumerate() {
            let mut inputs = vec![match conv.groups {
                1 => self.values[input.0].whole,
                _ => self.range(*input, (start / oc * ic, filters / oc * ic), node)?,
            }];
            for residual in residual {
                inputs.push(self.range(*residual, (start, filters), node)?);
            }
            let groups = if conv.groups == 1 { 1 } else { filters / oc };
            let op = Op::Conv(Conv { filters, groups, ..*conv });
            let part = self.push_band(node, op, inputs, filters, (i, spans.len()));
            self.params[part.0] = numbers.map(|numbers| filters_of(numbers, conv.filters, (start, filters)));
            parts.push(part);
        }
        Some(parts)
    }

    /// Activations, sums, products, pools, upsamples.
    fn channel_by_channel(&mut self, node: &Node, or_input: bool) -> Option<Vec<NodeId>> {
        let spans = self.spans(node.shape, self.starts(&node.inputs))?;
        let mut parts = Vec::with_capacity(spans.len());
        for (i, (start, channels)) in spans.iter().copied().enumerate() {
            let mut inputs = Vec::with_capacity(node.inputs.len());
            for input in &node.inputs {
                // An addend of a shortcut may have fewer channels than the sum.
                let all = self.nodes[self.values[input.0].whole.0].shape.c;
                let there = all.saturating_sub(start).min(channels);
                if there > 0 {
                    inputs.push(self.range(*input, (start, there), node)?);
                }
            }
            parts.push(match inputs[..] {
                [alone] if or_input => alone,
                _ => self.push_band(node, node.op.clone(), inputs, channels, (i, spans.len())),
            });
        }
        Some(parts)
    }

    /// The members and their bands; where those are too many, neighbours are joined as long as they fit.
    fn concat(&mut self, node: &Node) -> Option<Vec<NodeId>> {
        let pieces: Vec<Band> = node.inputs.iter().flat_map(|input| &self.values[input.0].bands).copied().collect();
        if pieces.len() < 2 {
            return None;
        }
        if pieces.len() <= MAX_PARTS {
            return Some(pieces.iter().map(|piece| piece.node).collect());
        }
        let mut groups: Vec<(usize, Vec<NodeId>)> = vec![];
        for piece in pieces {
            let fits = |c: usize| Shape { c, ..node.shape }.vectors() <= self.limit;
            match groups.last_mut() {
                Some((channels, group)) if fits(*channels + piece.channels) => {
                    *channels += piece.channels;
                    group.push(piece.node);
                }
                _ => groups.push((piece.channels, vec![piece.node])),
            }
        }
        let count = groups.len();
        let part = |(i, (channels, group)): (usize, (usize, Vec<NodeId>))| match group[..] {
            [alone] => alone,
            _ => self.push_band(node, Op::Concat, group, channels, (i, count)),
        };
        (count <= MAX_PARTS).then(|| groups.into_iter().enumerate().map(part).collect())
    }

    /// A range of bands: a range of one, or all of some and ranges of others.
    fn slice(&mut self, node: &Node, start: usize) -> Vec<NodeId> {
        let end = start + node.shape.c;
        let bands: Vec<Band> = self.values[node.inputs[0].0].bands.clone();
        if let Some(band) = bands.iter().find(|b| b.start <= start && end <= b.end()) {
            // Even of a whole band, so that there is a node of this origin.
            let op = Op::Slice(Slice { start: start - band.start, channels: node.shape.c });
            return vec![self.push(Node { op, inputs: vec![band.node], ..node.clone() }, None)];
        }
        let touched = bands.iter().filter(|band| band.start < end && start < band.end());
        let spans: Vec<Span> = touched.map(|b| (b.start.max(start), b.end().min(end) - b.start.max(start))).collect();
        spans.into_iter().filter_map(|span| self.range(node.inputs[0], span, node)).collect()
    }

    /// Three pools and their input again, a band each.
    fn spp(&mut self, node: &Node, sizes: [usize; 4]) -> Option<Vec<NodeId>> {
        let source = &self.values[node.inputs[0].0];
        let (whole, channels) = (source.whole, node.shape.c / sizes.len());
        if source.bands.len() > 1 {
            return None;
        }
        let slices = sizes.iter().enumerate().map(|(i, size)| match size {
            1 => whole,
            _ => self.push_band(node, Op::MaxPool(Pool::same(*size)), vec![whole], channels, (i, sizes.len())),
        });
        Some(slices.collect())
    }
}

/// The numbers of some of `filters` filters. What is missing stays missing: whoever packs them tells.
fn filters_of(numbers: &NodeParams, filters: usize, (start, count): Span) -> NodeParams {
    let of = |all: &[f32]| {
        let each = all.len() / filters.max(1);
        all.get(start * each..(start + count) * each).unwrap_or_default().to_vec()
    };
    match numbers {
        NodeParams::Conv { weights, bias } => NodeParams::Conv { weights: of(weights), bias: bias.as_deref().map(of) },
        other @ NodeParams::BatchNorm { .. } => other.clone(),
    }
}
