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
    // Of several heads the last one's count: what is wrong with the others changes nothing.
    build.nms = nms(section);
    for (key, neutral) in [("embedding_size", "0"), ("map", "0")] {
        section.refuse(key, neutral)?;
    }
    if classes == 0 || classes > 1 << 16 {
        return Err(section.error_key("classes", format!("classes: expected 1 to 65536, found {classes}")));
    }
    let pairs: Vec<(f32, f32)> = listed.chunks_exact(2).map(|p| (p[0], p[1])).collect();
    if pairs.is_empty() {
        let message = format!("anchors: expected pairs of width and height, found {} numbers", listed.len());
        return Err(section.error_key("anchors", message));
    }
    if listed.len() % 2 == 1 {
        build.notes.push(format!("{}: anchors: the last of {} numbers has no partner", section.place(), listed.len()));
    }
    if num != pairs.len() {
        let said = format!("num={num}, but there are {} anchors, which are what counts", pairs.len());
        build.notes.push(format!("{}: {said}", section.place()));
    }
    if mask.is_empty() && num > pairs.len() {
        return Err(section.error_key("num", format!("num={num}, but there are only {} anchors", pairs.len())));
    }
    let mask = if mask.is_empty() { (0..pairs.len()).collect() } else { mask };
    let mut anchors = Vec::with_capacity(mask.len());
    for m in mask {
        let Some(pair) = pairs.get(m) else {
            let message = format!("mask {m} is beyond the {} anchors (0 .. {})", pairs.len(), pairs.len() - 1);
            return Err(section.error_key("mask", message));
        };
        if !(pair.0 > 0.0 && pair.1 > 0.0) {
            return Err(
                section.error_key("anchors", format!("anchors: expected sizes above 0, found {}, {}", pair.0, pair.1))
            );
        }
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

/// How overlap is measured, and its exponent.
///
/// # Errors
/// [`crate::Error::Cfg`] for a kind that there is not, or an exponent that is no number.
fn nms(section: &Section) -> Result<(NmsKind, f32)> {
    // Read before anything fails: a key that was read is not told as unknown.
    let kind = section.text("nms_kind").unwrap_or("default");
    let beta: f32 = section.number_or("beta_nms", NmsKind::BETA)?;
    let kind = match kind {
        "default" => NmsKind::Iou,
        // Darknet calls it greedy and gives it a distance term with a fixed exponent (box.c, facts of the family).
        "greedynms" => NmsKind::Diou { beta: NmsKind::BETA },
        "diounms" => NmsKind::Diou { beta },
        other => return Err(section.error_key("nms_kind", format!("nms_kind `{other}` is not supported"))),
    };
    Ok((kind, beta))
}
