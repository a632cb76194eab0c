//! Telling the PyTorch-style CSP cfg from Darknet's own.
//!
//! The ScaledYOLOv4 `yolov4-csp` branch ships a cfg with linear heads and the old decode, whose keys its code ignores:
//! it always applies the logistic function and the new decode, and its weights are those of Darknet's yolov4-csp.
//! Taken at its word such a cfg finds nothing (AlexeyAB/darknet#7838, WongKinYiu/PyTorch_YOLOv4#372).

use crate::{
    digest,
    model::darknet::cfg::{Cfg, Section},
};

/// The [`fingerprint`] of the published yolov4-csp; a test compares it with the cfg.
pub const YOLOV4_CSP: &str = "6aa1fff9583b4c70";

/// Whether this is the published CSP network with every head linear and in the old coding.
pub fn is_pytorch_csp(cfg: &Cfg) -> bool {
    let layers = &cfg.sections[1..];
    let mut heads = layers.iter().enumerate().filter(|(_, s)| s.kind == "yolo").peekable();
    heads.peek().is_some()
        && heads.all(|(i, yolo)| {
            let linear = i.checked_sub(1).map(|j| layers[j].peek("activation")) == Some(Some("linear"));
            linear && yolo.peek("new_coords").unwrap_or("0") == "0"
        })
        && fingerprint(cfg) == YOLOV4_CSP
}

/// A hash of kind, filters, size, stride and routes of every layer; not the filters of the convolutions before a `[yolo]`, which
/// depend on the classes.
pub fn fingerprint(cfg: &Cfg) -> String {
    let layers = &cfg.sections[1..];
    let mut spelt = String::new();
    let mut feed = |text: &str| {
        spelt.extend(text.chars().filter(|c| !c.is_ascii_whitespace()));
        spelt.push('\n');
    };
    for (i, section) in layers.iter().enumerate() {
        let before_head = layers.get(i + 1).is_some_and(|next: &Section| next.kind == "yolo");
        feed(&section.kind);
        for key in ["filters", "size", "stride", "groups", "layers", "from"] {
            if !(before_head && key == "filters") {
                feed(section.peek(key).unwrap_or(""));
            }
        }
    }
    digest::short([spelt.as_str()])
}
