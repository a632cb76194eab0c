// The body of `conv_block` and `conv_packed`, which say in what type numbers lie in workgroup memory. Implicit GEMM for GPUs: 8
// output channels by 8 pixels in the registers of an invocation, so that each number that comes from workgroup memory is used eight
// times. Every invocation stages one pixel: where its taps lie is worked out once per tap, and nothing is tested further in. With
// SPLIT above 1 workgroups share the sum, each its part of the input channels.

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // [batch, OC / (8 ROWS), SIZE * SIZE, IC/4, 2 ROWS blocks, 4 inputs]

override LANES: u32 = 8u; // invocations along pixels, 8 pixels each
override ROWS: u32 = 8u;  // invocations along output channels, 2 blocks each; a multiple of 8
override DEPTH: u32 = 4u; // input blocks between barriers; divides those of every part
override SPLIT: u32 = 1u; // parts of the sum; the output is one value for each

var<workgroup> sh_src: array<staged4, DEPTH * LANES * 8u>;    // [DEPTH, 8 LANES pixels]
var<workgroup> sh_weights: array<staged4, DEPTH * ROWS * 8u>; // [DEPTH, 2 ROWS blocks, 4 inputs]

// sum + m * v. Written out: some compilers make a product and a sum of it otherwise (RADV for Vega: 64 + 64 of 256).
fn add(sum: staged4, m: staged4x4, v: staged4) -> staged4 {
    return fma(m[3], staged4(v.w), fma(m[2], staged4(v.z), fma(m[1], staged4(v.y), fma(m[0], staged4(v.x), sum))));
}

@compute @workgroup_size(LANES, ROWS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) index: u32) {
    let pixels = LANES * 8u;
    let first = group.x * pixels;
    let last = out_plane() - 1u;
    let plane = in_plane();
    let batch = select(group.z, 0u, SPLIT > 1u);
    // What this invocation brings: always the same pixel, every ROWS / 8th input block.
    let mine = index % pixels;
    let spot = spot(min(first + mine, last));
    var a0: vec4f; var a1: vec4f; var a2: vec4f; var a3: vec4f; var a4: vec4f; var a5: vec4f; var a6: vec4f; var a7: vec4f;
    var b0: vec4f; var b1: vec4f; var b2: vec4f; var b3: vec4f; var b4: vec4f; var b5: vec4f; var b6: vec4f; var b7: vec4f;
    let panel = batch * params.weights_batch + group.y * SIZE * SIZE * params.ic4 * ROWS * 8u;
    for (var k = 0u; k < SIZE * SIZE; k++) {
        let t = find(spot, k / SIZE, k % SIZE);
        var before = 0u; // input blocks of the parts before
        for (var part = 0u; part < PARTS; part++) {
            let start = part_start(part, batch) + t.pixel;
            let blocks = part_blocks(part);
            let share = (blocks / DEPTH + SPLIT - 1u) / SPLIT * DEPTH;
            var c = 0u;
            var end = blocks;
            if SPLIT > 1u {
                c = group.z * share;
                end = min(blocks, c + share);
            }
            for (; c < end; c += DEPTH) {
                // As many rounds for all: FXC takes a loop that some leave earlier for varying flow, barrier included.
                for (var begin = 0u; begin < DEPTH; begin += ROWS / 8u) {
                    let d = begin + index / pixels;
                    if d < DEPTH {
                        sh_src[d * pixels + mine] = staged4(fetch(part, start + (c + d) * plane, t.inside));
                    }
                }
                let w = panel + (k * params.ic4 + before + c) * ROWS * 8u;
                for (var begin = 0u; begin < DEPTH * ROWS * 8u; begin += LANES * ROWS) {
                    let i = begin + index;
                    if i < DEPTH * ROWS * 8u {
                        sh_weights[i] = staged4(weights[w + i]);
                    }
                }
                workgroupBarrier();
                if PACKED {
                    // Sums of what lies between two barriers; begun anew each time, and by name, as some drivers forget to.
                    var p0 = staged4(); var p1 = staged4(); var p2 = staged4(); var p3 = staged4();
                    var p4 = staged4(); var p5 = staged4(); var p6 = staged4(); var p7 = staged4();
                    var q0 = staged4(); var q1 = staged4(); var q2 = staged4(); var q3 = staged4();
                    var q4 = staged4(); var q5 = staged4(); var q6 = staged4(); var q7 = staged4();
                    for (var d = 0u; d < DEPTH; d++) {
                        let at = (d * ROWS + local.y) * 8u;
                        let m = staged4x4(sh_weights[at], sh_weights[at + 1u], sh_weights[at + 2u], sh_weights[at + 3u]);
                        let n = staged4x4(sh_weights[at + 4u], sh_weights[at + 5u], sh_weights[at + 6u], sh_weights[at + 7u]);
                        let v = d * pixels + local.x;
                        let v0 = sh_src[v]; p0 = add(p0, m, v0); q0 = add(q0, n, v0);
                        let v1 = sh_src[v + LANES]; p1 = add(p1, m, v1); q1 = add(q1, n, v1);
                        let v2 = sh_src[v + LANES * 2u]; p2 = add(p2, m, v2); q2 = add(q2, n, v2);
                        let v3 = sh_src[v + LANES * 3u]; p3 = add(p3, m, v3); q3 = add(q3, n, v3);
                        let v4 = sh_src[v + LANES * 4u]; p4 = add(p4, m, v4); q4 = add(q4, n, v4);
                        let v5 = sh_src[v + LANES * 5u]; p5 = add(p5, m, v5); q5 = add(q5, n, v5);
                        let v6 = sh_src[v + LANES * 6u]; p6 = add(p6, m, v6); q6 = add(q6, n, v6);
                        let v7 = sh_src[v + LANES * 7u]; p7 = add(p7, m, v7); q7 = add(q7, n, v7);
                    }
                    a0 += vec4f(p0); b0 += vec4f(q0); a1 += vec4f(p1); b1 += vec4f(q1); a2 += vec4f(p2); b2 += vec4f(q2); a3 += vec4f(p3); b3 += vec4f(q3);
                    a4 += vec4f(p4); b4 += vec4f(q4); a5 += vec4f(p5); b5 += vec4f(q5); a6 += vec4f(p6); b6 += vec4f(q6); a7 += vec4f(p7); b7 += vec4f(q7);
                } else {
                    for (var d = 0u; d < DEPTH; d++) {
                        let at = (d * ROWS + local.y) * 8u;
                        let m = staged4x4(sh_weights[at], sh_weights[at + 1u], sh_weights[at + 2u], sh_weights[at + 3u]);
                        let n = staged4x4(sh_weights[at + 4u], sh_weights[at + 5u], sh_weights[at + 6u], sh_weights[at + 7u]);
                        let v = d * pixels + local.x;
                        let v0 = sh_src[v]; a0 = vec4f(add(staged4(a0), m, v0)); b0 = vec4f(add(staged4(b0), n, v0));
                        let v1 = sh_src[v + LANES]; a1 = vec4f(add(staged4(a1), m, v1)); b1 = vec4f(add(staged4(b1), n, v1));
                        let v2 = sh_src[v + LANES * 2u]; a2 = vec4f(add(staged4(a2), m, v2)); b2 = vec4f(add(staged4(b2), n, v2));
                        let v3 = sh_src[v + LANES * 3u]; a3 = vec4f(add(staged4(a3), m, v3)); b3 = vec4f(add(staged4(b3), n, v3));
                        let v4 = sh_src[v + LANES * 4u]; a4 = vec4f(add(staged4(a4), m, v4)); b4 = vec4f(add(staged4(b4), n, v4));
                        let v5 = sh_src[v + LANES * 5u]; a5 = vec4f(add(staged4(a5), m, v5)); b5 = vec4f(add(staged4(b5), n, v5));
                        let v6 = sh_src[v + LANES * 6u]; a6 = vec4f(add(staged4(a6), m, v6)); b6 = vec4f(add(staged4(b6), n, v6));
                        let v7 = sh_src[v + LANES * 7u]; a7 = vec4f(add(staged4(a7), m, v7)); b7 = vec4f(add(staged4(b7), n, v7));
                    }
                }
                workgroupBarrier();
            }
            before += blocks;
        }
    }
    let o = vec2u(group.y * ROWS + local.y, group.z) * vec2u(2u, 1u);
    let p = first + local.x;
    put(o, p, a0, b0);
    put(o, p + LANES, a1, b1);
    put(o, p + LANES * 2u, a2, b2);
    put(o, p + LANES * 3u, a3, b3);
    put(o, p + LANES * 4u, a4, b4);
    put(o, p + LANES * 5u, a5, b5);
    put(o, p + LANES * 6u, a6, b6);
    put(o, p + LANES * 7u, a7, b7);
}

// Two blocks of one pixel, from block `at.x` on, of problem or part `at.y`.
fn put(at: vec2u, p: u32, a: vec4f, b: vec4f) {
    let blocks = (params.oc + 3u) / 4u;
    let base = at.y * params.dst_batch;
    if p < out_plane() {
        if at.x < blocks { store_block(base + at.x, p, a); }
        if at.x + 1u < blocks { store_block(base + at.x + 1u, p, b); }
    }
}
