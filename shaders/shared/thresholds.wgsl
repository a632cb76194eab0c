// What candidates are filtered by.

struct Thresholds {
    score_threshold: f32,
    iou_threshold: f32,
    beta: f32,      // exponent of the distance term
    distance: u32,  // 0: IoU, 1: DIoU
    agnostic: u32,  // 1: classes silence each other
    capacity: u32,  // candidates that there is room for
    extent: vec2f,  // of the picture, as fractions of the network's input
}
