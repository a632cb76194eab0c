// uses: shared/boxes.wgsl shared/thresholds.wgsl
// One head to candidate boxes: one invocation per cell and anchor. A box needs objectness above the threshold, then
// yields one candidate for every class that is wanted and whose score is above it: what nobody wants takes no room and
// silences nothing. The counter goes on past the end of the list: the host sees the overflow and comes back with more room.

struct Params {
    gw: u32,
    gh: u32,
    anchors: u32,
    classes: u32,
    first_index: u32,     // number of the head's first box
    src_block: u32,
    new_coords: u32,
    scale_x_y: f32,
    net: vec2f,           // size of the network's input, in pixels
    pictures: u32,        // of a batch: they lie side by side in every plane
    picture: u32,         // which of them this is
    to_whole: vec4f,      // from fractions of a look to those of the whole canvas: a x + b across, then down
    anchor: array<vec4f, 16>, // width and height in pixels of the network's input
}

struct Candidates {
    count: atomic<u32>,
    _pad: array<u32, 7>,
    list: array<Candidate>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> thresholds: Thresholds;
@group(0) @binding(2) var<storage, read> src: array<real4>;       // [A * (5 + classes), GH, GW]
@group(0) @binding(3) var<storage, read> wanted: array<u32>;      // [classes], 0: no candidates
@group(0) @binding(4) var<storage, read_write> candidates: Candidates;

fn logistic(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(min(-x, 80.0)));
}

fn value(channel: u32, cell: u32) -> f32 {
    let plane = (params.src_block + channel / 4u) * params.pictures + params.picture;
    return f32(src[plane * params.gw * params.gh + cell][channel % 4u]);
}

// A probability: with new_coords the network has applied the logistic function already.
fn probability(channel: u32, cell: u32) -> f32 {
    let v = value(channel, cell);
    if params.new_coords != 0u {
        return v;
    }
    return logistic(v);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let cells = params.gw * params.gh;
    let cell = id.x;
    let a = id.y;
    if cell >= cells {
        return;
    }
    let first = a * (5u + params.classes);
    let objectness = probability(first + 4u, cell);
    if !(objectness > thresholds.score_threshold) {
        return;
    }
    let s = params.scale_x_y;
    let shift = 0.5 * (s - 1.0);
    var box: Candidate;
    box.x = (f32(cell % params.gw) + (s * probability(first, cell) - shift)) / f32(params.gw);
    box.y = (f32(cell / params.gw) + (s * probability(first + 1u, cell) - shift)) / f32(params.gh);
    let w = value(first + 2u, cell);
    let h = value(first + 3u, cell);
    let anchor = params.anchor[a].xy / params.net;
    if params.new_coords != 0u {
        box.w = 4.0 * w * w * anchor.x;
        box.h = 4.0 * h * h * anchor.y;
    } else {
        box.w = exp(w) * anchor.x;
        box.h = exp(h) * anchor.y;
    }
    box.x = box.x * params.to_whole.x + params.to_whole.y;
    box.y = box.y * params.to_whole.z + params.to_whole.w;
    box.w *= abs(params.to_whole.x);
    box.h *= params.to_whole.z;
    box.index = params.first_index + a * cells + cell;
    for (var label = 0u; label < params.classes; label++) {
        if wanted[label] == 0u {
            continue;
        }
        let score = objectness * probability(first + 5u + label, cell);
        if score > thresholds.score_threshold {
            box.score = score;
            box.label = label;
            let at = atomicAdd(&candidates.count, 1u);
            if at < thresholds.capacity {
                candidates.list[at] = box;
            }
        }
    }
}
