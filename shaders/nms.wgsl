// uses: shared/boxes.wgsl shared/thresholds.wgsl
// Greedy non-maximum suppression, one workgroup per class: in order of score, every box that is still alive silences
// those after it that overlap it too much. A dispatch goes through BLOCK boxes of each class and notes where it stopped;
// the next one goes on from there. One that went through tens of thousands would take longer than a display driver waits,
// and software Vulkan leaves loops after 65,535 rounds without a word. `dead` is cleared before the first.

override BLOCK: u32 = 0xffffffffu;

struct Candidates {
    count: u32,
    _pad: array<u32, 7>,
    list: array<Candidate>,
}

struct Kept {
    count: atomic<u32>,
    _pad: array<u32, 7>,
    list: array<Candidate>,
}

@group(0) @binding(0) var<uniform> thresholds: Thresholds;
@group(0) @binding(1) var<storage, read> candidates: Candidates;
@group(0) @binding(2) var<storage, read> keys: array<vec4u>;             // [capacity], sorted
@group(0) @binding(3) var<storage, read_write> dead: array<u32>;         // [capacity] by place in `keys`, then [classes] progress
@group(0) @binding(4) var<storage, read_write> kept: Kept;

const THREADS = 64u;
var<workgroup> sh_done: u32; // boxes of the class that were gone through

// Length shared by two intervals, given by centre and length; negative if they are apart.
fn shared_length(c1: f32, l1: f32, c2: f32, l2: f32) -> f32 {
    return min(c1 + l1 * 0.5, c2 + l2 * 0.5) - max(c1 - l1 * 0.5, c2 - l2 * 0.5);
}

// Length of the smallest interval around both.
fn hull_length(c1: f32, l1: f32, c2: f32, l2: f32) -> f32 {
    return max(c1 + l1 * 0.5, c2 + l2 * 0.5) - min(c1 - l1 * 0.5, c2 - l2 * 0.5);
}

fn iou(a: Candidate, b: Candidate) -> f32 {
    let w = shared_length(a.x, a.w, b.x, b.w);
    let h = shared_length(a.y, a.h, b.y, b.h);
    let both = w * h;
    return select(both / (a.w * a.h + b.w * b.h - both), 0.0, w <= 0.0 || h <= 0.0);
}

fn overlap(a: Candidate, b: Candidate) -> f32 {
    var value = iou(a, b);
    if thresholds.distance != 0u {
        // Fractions of the picture, not of the canvas: Darknet undoes the letterbox before NMS.
        let hw = hull_length(a.x, a.w, b.x, b.w) / thresholds.extent.x;
        let hh = hull_length(a.y, a.h, b.y, b.h) / thresholds.extent.y;
        let c = hw * hw + hh * hh;
        let dx = (a.x - b.x) / thresholds.extent.x;
        let dy = (a.y - b.y) / thresholds.extent.y;
        let d = (dx * dx + dy * dy) / c;
        if c != 0.0 && d > 0.0 {
            value -= pow(d, thresholds.beta);
        }
    }
    return value;
}

// First place whose class is not below `label`. Where classes silence each other, keys have no class: all are of the first.
fn lower_bound(label: u32, count: u32) -> u32 {
    var low = 0u;
    var high = count;
    if thresholds.agnostic != 0u {
        low = select(count, 0u, label == 0u);
        high = low;
    }
    while low < high {
        let middle = (low + high) / 2u;
        if keys[middle].x < label {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) li: u32) {
    let count = min(candidates.count, thresholds.capacity);
    let first = lower_bound(group.x, count);
    let end = lower_bound(group.x + 1u, count);
    if li == 0u {
        sh_done = dead[thresholds.capacity + group.x];
    }
    let start = first + workgroupUniformLoad(&sh_done);
    let stop = start + min(BLOCK, end - start);
    for (var i = start; i < stop; i++) {
        if dead[i] == 0u {
            let winner = candidates.list[keys[i].w];
            for (var j = i + 1u + li; j < end; j += THREADS) {
                if dead[j] == 0u && overlap(winner, candidates.list[keys[j].w]) > thresholds.iou_threshold {
                    dead[j] = 1u;
                }
            }
        }
        storageBarrier();
    }
    // Else the class was gone through before.
    if start < end {
        if li == 0u {
            dead[thresholds.capacity + group.x] = stop - first;
        }
        if stop == end {
            for (var i = first + li; i < end; i += THREADS) {
                if dead[i] == 0u {
                    kept.list[atomicAdd(&kept.count, 1u)] = candidates.list[keys[i].w];
                }
            }
        }
    }
}
