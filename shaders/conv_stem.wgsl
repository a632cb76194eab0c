// uses: shared/activation.wgsl shared/conv.wgsl shared/taps.wgsl
// The first convolution, of at most four channels: so few weights that those of a workgroup's 16 outputs are staged whole,
// with a single barrier. 16 output channels by 4 pixels per invocation.

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // [OC/16, SIZE * SIZE, 1, 4 blocks, 4 inputs]

const THREADS = 64u;

var<workgroup> sh_weights: array<vec4f, SIZE * SIZE * 16u>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
    for (var i = index; i < SIZE * SIZE * 16u; i += THREADS) {
        sh_weights[i] = vec4f(weights[group.y * SIZE * SIZE * 16u + i]);
    }
    workgroupBarrier();
    let p = group.x * THREADS * 4u + index;
    let last = out_plane() - 1u;
    let q0 = spot(min(p, last));
    let q1 = spot(min(p + THREADS, last));
    let q2 = spot(min(p + THREADS * 2u, last));
    let q3 = spot(min(p + THREADS * 3u, last));
    let start = part_start(0u, 0u);
    // Four blocks of each pixel: a column is a block.
    var s0: mat4x4f; var s1: mat4x4f; var s2: mat4x4f; var s3: mat4x4f;
    for (var k = 0u; k < SIZE * SIZE; k++) {
        let u0 = at_tap(start, q0, k);
        let u1 = at_tap(start, q1, k);
        let u2 = at_tap(start, q2, k);
        let u3 = at_tap(start, q3, k);
        for (var b = 0u; b < 4u; b++) {
            let w = (k * 4u + b) * 4u;
            let m = mat4x4f(sh_weights[w], sh_weights[w + 1u], sh_weights[w + 2u], sh_weights[w + 3u]);
            s0[b] += m * u0; s1[b] += m * u1; s2[b] += m * u2; s3[b] += m * u3;
        }
    }
    put(group.y, p, s0);
    put(group.y, p + THREADS, s1);
    put(group.y, p + THREADS * 2u, s2);
    put(group.y, p + THREADS * 3u, s3);
}

fn at_tap(start: u32, spot: Spot, k: u32) -> vec4f {
    let t = find(spot, k / SIZE, k % SIZE);
    return fetch(0u, start + t.pixel, t.inside);
}

fn put(panel: u32, p: u32, sums: mat4x4f) {
    if p < out_plane() {
        for (var b = 0u; b < 4u; b++) {
            let o = panel * 4u + b;
            if o < (params.oc + 3u) / 4u { store_block(o, p, sums[b]); }
        }
    }
}
