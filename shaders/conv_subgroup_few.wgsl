// uses: shared/activation.wgsl shared/conv.wgsl shared/taps.wgsl shared/panel.wgsl shared/spread.wgsl
// As conv_subgroup, for outputs of few pixels: 64 output channels by 2 pixels per invocation, 16 pixels per workgroup.

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // [batch, OC/64, SIZE * SIZE, IC/4, 16 blocks, 4 inputs]

const THREADS = 8u;
const BLOCKS = 16u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) index: u32, @builtin(subgroup_invocation_id) lane: u32) {
    let group = turned(id);
    let p = group.x * THREADS * 2u + index;
    // Invocations past the end compute the last pixel again and store nothing.
    let last = out_plane() - 1u;
    let q0 = spot(min(p, last));
    let q1 = spot(min(p + THREADS, last));
    let plane = in_plane();
    // Sums of both pixels, sixteen blocks of four channels each.
    var s0: array<vec4f, 16>; var s1: array<vec4f, 16>;
    let first = panel(group) + lane % 8u;
    for (var ky = 0u; ky < SIZE; ky++) {
        for (var kx = 0u; kx < SIZE; kx++) {
            let t0 = find(q0, ky, kx);
            let t1 = find(q1, ky, kx);
            var w = first + (ky * SIZE + kx) * params.ic4 * 64u;
            for (var part = 0u; part < PARTS; part++) {
                let start = part_start(part, group.z);
                let blocks = part_blocks(part);
                var at0 = start + t0.pixel;
                var at1 = start + t1.pixel;
                for (var c = 0u; c < blocks; c++) {
                    let u0 = fetch(part, at0, t0.inside);
                    let u1 = fetch(part, at1, t1.inside);
                    let w0 = vec4f(weights[w]);
                    let w1 = vec4f(weights[w + 8u]);
                    let w2 = vec4f(weights[w + 16u]);
                    let w3 = vec4f(weights[w + 24u]);
                    let w4 = vec4f(weights[w + 32u]);
                    let w5 = vec4f(weights[w + 40u]);
                    let w6 = vec4f(weights[w + 48u]);
                    let w7 = vec4f(weights[w + 56u]);
                    let m0 = low(w0); s0[0] += m0 * u0; s1[0] += m0 * u1;
                    let m1 = high(w0); s0[1] += m1 * u0; s1[1] += m1 * u1;
                    let m2 = low(w1); s0[2] += m2 * u0; s1[2] += m2 * u1;
                    let m3 = high(w1); s0[3] += m3 * u0; s1[3] += m3 * u1;
                    let m4 = low(w2); s0[4] += m4 * u0; s1[4] += m4 * u1;
                    let m5 = high(w2); s0[5] += m5 * u0; s1[5] += m5 * u1;
                    let m6 = low(w3); s0[6] += m6 * u0; s1[6] += m6 * u1;
                    let m7 = high(w3); s0[7] += m7 * u0; s1[7] += m7 * u1;
                    let m8 = low(w4); s0[8] += m8 * u0; s1[8] += m8 * u1;
                    let m9 = high(w4); s0[9] += m9 * u0; s1[9] += m9 * u1;
                    let m10 = low(w5); s0[10] += m10 * u0; s1[10] += m10 * u1;
                    let m11 = high(w5); s0[11] += m11 * u0; s1[11] += m11 * u1;
                    let m12 = low(w6); s0[12] += m12 * u0; s1[12] += m12 * u1;
                    let m13 = high(w6); s0[13] += m13 * u0; s1[13] += m13 * u1;
                    let m14 = low(w7); s0[14] += m14 * u0; s1[14] += m14 * u1;
                    let m15 = high(w7); s0[15] += m15 * u0; s1[15] += m15 * u1;
                    w += 64u;
                    at0 += plane; at1 += plane;
                }
            }
        }
    }
    for (var b = 0u; b < BLOCKS; b++) {
        put(group, p, b, s0[b]);
        put(group, p + THREADS, b, s1[b]);
    }
}
