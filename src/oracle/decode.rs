//! Heads to candidate boxes (Darknet's get_yolo_box and its thresholds).

use crate::{graph::Graph, host::Candidate, ops::activation::logistic, tensor::Tensor};

/// Every (box, class) whose objectness and score are above `score_threshold`; `heads` in cfg order. Not sorted. `wanted` says by class
/// whether there are to be any; classes beyond its end are wanted.
pub fn decode(graph: &Graph, heads: &[Tensor], score_threshold: f32, wanted: &[bool]) -> Vec<Candidate> {
    let net = graph.input_shape();
    let mut out = Vec::new();
    let mut first_index = 0;
    for (head, t) in graph.heads.iter().zip(heads) {
        let (gw, gh) = (t.shape.w, t.shape.h);
        let (s, shift) = (f64::from(head.scale_x_y), 0.5 * (f64::from(head.scale_x_y) - 1.0));
        for (a, anchor) in head.anchors.iter().enumerate() {
            let first = a * (5 + head.classes);
            let (aw, ah) = (f64::from(anchor.0) / net.w as f64, f64::from(anchor.1) / net.h as f64);
            for cell in 0..gw * gh {
                let value = |k: usize| f64::from(t.plane(first + k)[cell]);
                // With new_coords the network has applied the logistic function already.
                let probability = |k: usize| if head.new_coords { value(k) } else { logistic(value(k)) };
                let objectness = probability(4) as f32;
                if objectness.is_nan() || objectness <= score_threshold {
                    continue;
                }
                let centre = |k: usize, at: usize, n: usize| (at as f64 + (s * probability(k) - shift)) / n as f64;
                let side = |k: usize, anchor: f64| {
                    if head.new_coords { 4.0 * value(k) * value(k) * anchor } else { value(k).exp() * anchor }
                };
                let found = Candidate {
                    x: centre(0, cell % gw, gw) as f32,
                    y: centre(1, cell / gw, gh) as f32,
                    w: side(2, aw) as f32,
                    h: side(3, ah) as f32,
                    index: (first_index + a * gw * gh + cell) as u32,
                    ..Candidate::default()
                };
                for class in (0..head.classes).filter(|class| wanted.get(*class).copied().unwrap_or(true)) {
                    let score = objectness * probability(5 + class) as f32;
                    if score > score_threshold {
                        out.push(Candidate { score, class: class as u32, ..found });
                    }
                }
            }
        }
        first_index += head.anchors.len() * gw * gh;
    }
    out
}
