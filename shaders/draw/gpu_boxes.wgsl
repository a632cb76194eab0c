// For shaders of the caller's own: the boxes of the frame that was recorded last, as LiveDetector's bind group has them.

struct GpuBox {
    low: vec2f,     // left upper corner, as fractions of the frame, clipped to it
    high: vec2f,    // right lower corner
    score: f32,
    label: u32,     // class index
}

struct GpuBoxesView {
    offset: vec2f,  // left upper corner of the frame on the network's canvas, as fractions of it
    extent: vec2f,  // size of the frame there
}

struct GpuBoxesKept {
    count: u32,
    _pad: array<u32, 7>,
    list: array<Candidate>,
}

struct GpuBoxesOrder {
    count: u32,
    list: array<u32>,   // places in the list of the kept, best first
}

@group(0) @binding(0) var<uniform> gpu_boxes_view: GpuBoxesView;
@group(0) @binding(1) var<storage, read> gpu_boxes_kept: GpuBoxesKept;
@group(0) @binding(2) var<storage, read> gpu_boxes_order: GpuBoxesOrder;

// How many there are.
fn gpu_box_count() -> u32 {
    return gpu_boxes_order.count;
}

// Number 0 is the worst, so that the best one is drawn last and lies on top; below gpu_box_count().
fn gpu_box(number: u32) -> GpuBox {
    let c = gpu_boxes_kept.list[gpu_boxes_order.list[gpu_boxes_order.count - 1u - number]];
    let centre = (vec2f(c.x, c.y) - gpu_boxes_view.offset) / gpu_boxes_view.extent;
    let half = 0.5 * vec2f(c.w, c.h) / gpu_boxes_view.extent;
    let zero = vec2f(0.0);
    let one = vec2f(1.0);
    return GpuBox(clamp(centre - half, zero, one), clamp(centre + half, zero, one), c.score, c.label);
}
