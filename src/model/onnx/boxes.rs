//! Boxes and scores of every head as nodes, for programs that decode nothing themselves.

use super::{
    proto::ValueInfo,
    writer::{OnnxWriter, int, ints, value},
};
use crate::graph::{Graph, Head};

/// Writes the nodes; returns the outputs `boxes` and `scores`. Boxes are in the order of heads, anchors, rows, columns.
pub fn write(writer: &mut OnnxWriter, graph: &Graph) -> Vec<ValueInfo> {
    let (mut boxes, mut scores) = (vec![], vec![]);
    let mut all = 0;
    for (number, head) in graph.heads.iter().enumerate() {
        let shape = graph.node(head.input).shape;
        all += head.anchors.len() * shape.pixels();
        let (of_boxes, of_scores) = decoded(writer, graph, number, head);
        boxes.push(of_boxes);
        scores.push(of_scores);
    }
    let names = |list: &[String]| list.iter().map(String::clone).collect::<Vec<_>>();
    for (list, name) in [(names(&boxes), "boxes"), (names(&scores), "scores")] {
        let parts: Vec<&str> = list.iter().map(String::as_str).collect();
        writer.put("Concat", &parts, name, vec![int("axis", 1)]);
    }
    let classes = graph.classes();
    vec![writer.info("boxes", &[None, Some(all), Some(4)]), writer.info("scores", &[None, Some(all), Some(classes)])]
}

/// One head: its boxes `[N, all, 4]` and scores `[N, all, classes]`.
fn decoded(writer: &mut OnnxWriter, graph: &Graph, number: usize, head: &Head) -> (String, String) {
    let name = |part: &str| format!("head.{number}.{part}");
    let (shape, input) = (graph.node(head.input).shape, graph.input_shape());
    let (each, anchors, cells) = (5 + head.classes, head.anchors.len(), shape.pixels());
    let all = anchors * cells;
    // [N, anchors * each, rows, columns] to [N, anchors, each, cells] to [N, anchors, cells, each] to [N, all, each].
    let split = writer.whole(&name("split.shape"), &[0, anchors as i64, each as i64, cells as i64]);
    let split = writer.put("Reshape", &[&value(head.input), &split], &name("split"), vec![]);
    let turned = writer.put("Transpose", &[&split], &name("turned"), vec![ints("perm", &[0, 1, 3, 2])]);
    let flat = writer.whole(&name("flat.shape"), &[0, all as i64, each as i64]);
    let flat = writer.put("Reshape", &[&turned, &flat], &name("flat"), vec![]);
    let mut part = |what: &str, from: i64, to: i64| {
        let [start, end] =
            [("start", from), ("end", to)].map(|(n, v)| writer.whole(&name(&format!("{what}.{n}")), &[v]));
        let axis = writer.whole(&name(&format!("{what}.axis")), &[2]);
        writer.put("Slice", &[&flat, &start, &end, &axis], &name(what), vec![])
    };
    let [xy, wh, objectness, classes] =
        [("xy", 0, 2), ("wh", 2, 4), ("objectness", 4, 5), ("classes", 5, each as i64)].map(|(n, a, b)| part(n, a, b));
    let logistic = |writer: &mut OnnxWriter, x: String| {
        if head.new_coords { x } else { writer.put("Sigmoid", &[&x], &format!("{x}.logistic"), vec![]) }
    };
    let (xy, objectness, classes) = (logistic(writer, xy), logistic(writer, objectness), logistic(writer, classes));
    // Centres in pixels: (s x - (s - 1) / 2 + cell) * stride.
    let stride = (input.w as f32 / shape.w as f32, input.h as f32 / shape.h as f32);
    let cell = |at: usize| ((at % shape.w) as f32, (at / shape.w) as f32);
    let middle = (head.scale_x_y - 1.0) / 2.0;
    let offsets: Vec<f32> = (0..all)
        .flat_map(|i| {
            let (x, y) = cell(i % cells);
            [(x - middle) * stride.0, (y - middle) * stride.1]
        })
        .collect();
    let gain = writer.numbers(&name("gain"), &[2], &[head.scale_x_y * stride.0, head.scale_x_y * stride.1]);
    let offset = writer.numbers(&name("offset"), &[1, all, 2], &offsets);
    let scaled = writer.put("Mul", &[&xy, &gain], &name("scaled"), vec![]);
    let centre = writer.put("Add", &[&scaled, &offset], &name("centre"), vec![]);
    // Halves of the sides: anchor * 4 w^2, or anchor * e^w.
    let factor = if head.new_coords { 2.0 } else { 0.5 };
    let halves: Vec<f32> = (0..all)
        .flat_map(|i| {
            let (w, h) = head.anchors[i / cells];
            [w * factor, h * factor]
        })
        .collect();
    let halves = writer.numbers(&name("halves"), &[1, all, 2], &halves);
    let grown = if head.new_coords {
        writer.put("Mul", &[&wh, &wh], &name("grown"), vec![])
    } else {
        writer.put("Exp", &[&wh], &name("grown"), vec![])
    };
    let half = writer.put("Mul", &[&grown, &halves], &name("half"), vec![]);
    let least = writer.put("Sub", &[&centre, &half], &name("least"), vec![]);
    let most = writer.put("Add", &[&centre, &half], &name("most"), vec![]);
    let boxes = writer.put("Concat", &[&least, &most], &name("boxes"), vec![int("axis", 2)]);
    let scores = writer.put("Mul", &[&objectness, &classes], &name("scores"), vec![]);
    (boxes, scores)
}
