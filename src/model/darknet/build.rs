//! A parsed cfg to a [`Model`]: `[net]`, then layer by layer.

use std::path::Path;

use crate::{
    error::{Error, Result},
    graph::Builder,
    host::NmsKind,
    model::{
        CfgOptions, Decode, Defaults, Model, Preprocess,
        darknet::{
            cfg::{Cfg, Section},
            layers, published,
            state::Build,
            yolo,
        },
    },
    tensor::Shape,
};

/// Reads `path` and builds its network.
///
/// # Errors
/// [`Error::Cfg`] with file, line and section; [`Error::Usage`] for a size that the network cannot have.
pub fn network(path: &Path, options: &CfgOptions) -> Result<Model> {
    from_cfg(path, &Cfg::read(path)?, options)
}

/// Builds the network of a parsed cfg.
///
/// # Errors
/// As [`network`].
pub fn from_cfg(path: &Path, cfg: &Cfg, options: &CfgOptions) -> Result<Model> {
    let net = &cfg.sections[0];
    let mut notes = Vec::new();
    let (input, letterbox) = net_section(net, options, &mut notes)?;
    let scaled = match options.decode {
        Decode::Darknet => false,
        Decode::Scaled => true,
        Decode::Auto => published::is_pytorch_csp(cfg),
    };
    let mut build = Build {
        graph: Builder::new(input).map_err(|e| net.error(e.to_string()))?,
        values: vec![],
        leaky_slope: options.leaky_slope.unwrap_or(0.1),
        scaled,
        nms: Ok((NmsKind::Iou, NmsKind::BETA)),
        notes,
    };
    if scaled {
        build.notes.push(match options.decode {
            Decode::Auto => "this is the published CSP network with linear heads, as the PyTorch code writes it: \
                             boxes are read with new_coords (decode darknet takes the cfg at its word)"
                .to_owned(),
            _ => "boxes are read with new_coords, whatever the cfg says".to_owned(),
        });
    }
    for section in &cfg.sections[1..] {
        let located = |e: Error| match (e, options.size) {
            // The cfg may be blameless: joins do not meet if a side is no multiple of the largest stride.
            (Error::Graph { message, .. }, Some((w, h))) => Error::Usage(format!(
                "size {w}x{h} does not fit this network ({}); try multiples of 32, or of 128 for the largest",
                section.error(message)
            )),
            (Error::Graph { message, .. }, None) => section.error(message),
            (other, _) => other,
        };
        let value = if section.kind == "yolo" {
            yolo::head(&mut build, section).map_err(located)?
        } else {
            layers::layer(&mut build, section).map_err(located)?
        };
        build.values.push(value);
        // With these a layer's numbers are missing from the file, or skipped there.
        section.refuse("dontload", "0")?;
        section.refuse("dontloadscales", "0")?;
        section.finish(&mut build.notes)?;
    }
    let Build { graph, nms, mut notes, .. } = build;
    let graph = graph.finish();
    if graph.heads.is_empty() {
        return Err(net.error("there is no [yolo] section: this network finds no boxes"));
    }
    let (nms_kind, beta_nms) = nms?;
    notes.extend(uneven(net, &graph, input));
    Ok(Model {
        graph,
        params: None,
        preprocess: Preprocess { letterbox, ..Preprocess::default() },
        labels: vec![],
        defaults: Defaults { nms_kind, beta_nms, ..Defaults::default() },
        source: path.to_owned(),
        notes,
    })
}

fn net_section(net: &Section, options: &CfgOptions, notes: &mut Vec<String>) -> Result<(Shape, bool)> {
    let (width, height): (usize, usize) = (net.number_or("width", 0)?, net.number_or("height", 0)?);
    let channels = net.number_or("channels", 3)?;
    if !matches!(channels, 1 | 3) {
        return Err(net.error_key("channels", format!("channels: expected 3, or 1 for greys, found {channels}")));
    }
    let letterbox = net.number_or::<i64>("letter_box", 0)? != 0;
    net.refuse("inputs", "0")?;
    net.finish(notes)?;
    let (w, h) = options.size.unwrap_or((width, height));
    if w == 0 || h == 0 {
        return Err(net.error(format!("expected a width and height above 0, found {w}x{h}")));
    }
    Ok((Shape::new(channels, h, w), letterbox))
}

/// What to say where the sides of the input are no multiples of the largest stride: cells do not cover the picture evenly then. Darknet
/// plays such networks too, as long as the grids meet that are joined.
fn uneven(net: &Section, graph: &crate::graph::Graph, input: Shape) -> Option<String> {
    let strides = graph.heads.iter().map(|head| {
        let shape = graph.node(head.input).shape;
        (input.h.div_ceil(shape.h)).next_power_of_two().max((input.w.div_ceil(shape.w)).next_power_of_two())
    });
    let stride = strides.max().unwrap_or(1);
    let even = input.w.is_multiple_of(stride) && input.h.is_multiple_of(stride);
    (!even).then(|| {
        format!("{}: {}x{} is no multiple of {stride}: boxes at the edges suffer", net.place(), input.w, input.h)
    })
}
