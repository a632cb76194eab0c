// uses: shared/boxes.wgsl shared/thresholds.wgsl shared/keys.wgsl
// Sorts 1024 candidates in workgroup memory (bitonic, all comparators ascending): by class, then score from high to
// low, then number of the box; where classes silence each other, by score, number of the box, class. Longer lists are
// finished by sort_merge between runs of this kernel. Keys past the last candidate are the largest there are, so that
// whatever lies behind it is in order already.

override FIRST: bool = true; // make the keys and sort each 1024; else only the short distances of a merge

struct Candidates {
    count: u32,
    _pad: array<u32, 7>,
    list: array<Candidate>,
}

@group(0) @binding(0) var<uniform> thresholds: Thresholds;
@group(0) @binding(1) var<storage, read> candidates: Candidates;
@group(0) @binding(2) var<storage, read_write> keys: array<vec4u>; // [capacity], see make_key; place last

const LOCAL = 1024u;
const THREADS = 256u;
var<workgroup> sh_keys: array<vec4u, LOCAL>;

fn make_key(i: u32) -> vec4u {
    var key = vec4u(0xffffffffu);
    if i < min(candidates.count, thresholds.capacity) {
        let c = candidates.list[i];
        // A positive float's bits are in the order of its value.
        let score = ~bitcast<u32>(c.score);
        // A component each: a number made of box and class would be too large for one.
        key = select(vec4u(c.label, score, c.index, i), vec4u(score, c.index, c.label, i), thresholds.agnostic != 0u);
    }
    return key;
}

fn exchange(i: u32, j: u32) {
    let a = sh_keys[i];
    let b = sh_keys[j];
    if before(b, a) {
        sh_keys[i] = b;
        sh_keys[j] = a;
    }
}

fn disperse(li: u32, longest: u32) {
    for (var half = longest; half > 0u; half /= 2u) {
        for (var t = li; t < LOCAL / 2u; t += THREADS) {
            let i = t / half * half * 2u + t % half;
            exchange(i, i + half);
        }
        workgroupBarrier();
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) li: u32) {
    let base = group.x * LOCAL;
    for (var i = li; i < LOCAL; i += THREADS) {
        if FIRST {
            sh_keys[i] = make_key(base + i);
        } else {
            sh_keys[i] = keys[base + i];
        }
    }
    workgroupBarrier();
    if FIRST {
        for (var width = 2u; width <= LOCAL; width *= 2u) {
            for (var t = li; t < LOCAL / 2u; t += THREADS) {
                let half = width / 2u;
                let start = t / half * width;
                exchange(start + t % half, start + width - 1u - t % half);
            }
            workgroupBarrier();
            disperse(li, width / 4u);
        }
    } else {
        disperse(li, LOCAL / 2u);
    }
    for (var i = li; i < LOCAL; i += THREADS) {
        keys[base + i] = sh_keys[i];
    }
}
