//! `[yolo]`: how boxes are read from the layer before.

use crate::{
    error::Result,
    graph::{Activation, Head, NodeId, Op},
    host::NmsKind,
    model::darknet::{cfg::Section, state::Build},
};

/// Declares a head; returns the layer's value.
///
/// # Errors
/// [`crate::Error::Cfg`] if mask, anchors or channels do not fit together.
pub fn head(build: &mut Build, section: &Section) -> Result<NodeId> {
    let classes: usize = section.number_or("classes", 20)?;
    let listed: Vec<f32> = section.list("anchors")?;
    let num: usize = section.number_or("num", 1)?;
    let mask: Vec<usize> = section.list("mask")?;
    let scale_x_y: f32 = section.number_or("scale_x_y", 1.0)?;
    let new_coords = section.number_or::<i64>("new_coords", 0)? != 0;
    let beta: f32 = section.number_or("beta_nms", NmsKind::BETA)?;
    let kind = section.text("nms_kind").unwrap_or("default");
    build.beta_nms = beta;
    build.nms = match kind {
        "default" => NmsKind::Iou,
        // Darknet calls it greedy and gives it a distance term with a fixed exponent (box.c, facts of the family).
        "greedynms" => NmsKind::Diou { beta: NmsKind::BETA },
        "diounms" => NmsKind::Diou { beta },
        other => return Err(section.error_key("nms_kind", format!("nms_kind `{other}` is not supported"))),
    };
    for (key, neutral) in [("embedding_size", "0"), ("map", "0")] {
        section.refuse(key, neutral)?;
    }
    if classes == 0 || classes > 1 << 16 {
        return Err(section.error_key("classes", format!("classes: expected 1 to 65536, found {classes}")));
    }
    if !listed.len().is_multiple_of(2) || listed.is_empty() {
        let message = format!("anchors: expected pairs of width and height, found {} numbers", listed.len());
        return Err(section.error_key("anchors", message));
    }
    let pairs: Vec<(f32, f32)> = listed.chunks_exact(2).map(|p| (p[0], p[1])).collect();
    if pairs.iter().any(|(w, h)| !(w.is_finite() && h.is_finite() && *w > 0.0 && *h > 0.0)) {
        return Err(section.error_key("anchors", "anchors: expected sizes above 0"));
    }
    if num < pairs.len() {
        let name = section.name();
        build.notes.push(format!("{name}: num={num}, but there are {} anchors; all of them are used", pairs.len()));
    } else if num > pairs.len() {
        let message = format!("num={num}, but there are only {} anchors", pairs.len());
        return Err(section.error_key("num", message));
    }
    let mask = if mask.is_empty() { (0..pairs.len()).collect() } else { mask };
    let mut anchors = Vec::with_capacity(mask.len());
    for m in mask {
        let Some(pair) = pairs.get(m) else {
            let message = format!("mask {m} is beyond the {} anchors (0 .. {})", pairs.len(), pairs.len() - 1);
            return Err(section.error_key("mask", message));
        };
        anchors.push(*pair);
    }
    let mut input = build.last();
    let (scale_x_y, new_coords) = if build.scaled && !new_coords {
        let name = format!("{} logistic", section.name());
        input = build.graph.add(name, section.layer, Op::Activation(Activation::Logistic), &[input])?;
        (2.0, true)
    } else {
        (scale_x_y, new_coords)
    };
    let layer = section.layer.unwrap_or_default();
    let head = Head { input, layer, anchors, classes, scale_x_y, new_coords };
    build.graph.head(&section.name(), head)?;
    Ok(input)
}
