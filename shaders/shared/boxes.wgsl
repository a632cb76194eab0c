// Boxes between decode and NMS.

struct Candidate {
    x: f32,      // centre and sides, fractions of the network's input
    y: f32,
    w: f32,
    h: f32,
    score: f32,
    label: u32,  // class index
    index: u32,  // number of the box: head, anchor, row, column
    track: u32,  // number of its track, 0 for none
}

struct Thresholds {
    score_threshold: f32,
    iou_threshold: f32,
    beta: f32,      // exponent of the distance term
    distance: u32,  // 0: IoU, 1: DIoU
    agnostic: u32,  // 1: classes silence each other
    capacity: u32,  // candidates that there is room for
    extent: vec2f,  // of the picture, as fractions of the network's input
}
