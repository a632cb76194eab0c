// uses: shared/activation.wgsl shared/conv.wgsl shared/taps.wgsl shared/panel.wgsl shared/spread.wgsl
// Implicit GEMM for software adapters with subgroups of 8 or more. There a load costs the same whether its address is
// uniform or not: one load per lane. So each lane of eight brings another vector of weights, and broadcasts, which are
// one instruction each, hand them round; 32 output channels by 4 pixels per invocation.

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // [batch, OC/32, SIZE * SIZE, IC/4, 8 blocks, 4 inputs]

const THREADS = 16u;
const BLOCKS = 8u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) index: u32, @builtin(subgroup_invocation_id) lane: u32) {
    let group = turned(id);
    let p = group.x * THREADS * 4u + index;
    // Invocations past the end compute the last pixel again and store nothing.
    let last = out_plane() - 1u;
    let q0 = spot(min(p, last));
    let q1 = spot(min(p + THREADS, last));
    let q2 = spot(min(p + 2u * THREADS, last));
    let q3 = spot(min(p + 3u * THREADS, last));
    let plane = in_plane();
    // Sums of pixel 0 to 3, eight blocks of four channels each.
    var s0: array<vec4f, 8>; var s1: array<vec4f, 8>; var s2: array<vec4f, 8>; var s3: array<vec4f, 8>;
    let first = panel(group) + lane % 8u;
    for (var ky = 0u; ky < SIZE; ky++) {
        for (var kx = 0u; kx < SIZE; kx++) {
            let t0 = find(q0, ky, kx);
            let t1 = find(q1, ky, kx);
            let t2 = find(q2, ky, kx);
            let t3 = find(q3, ky, kx);
            var w = first + (ky * SIZE + kx) * params.ic4 * 32u;
            for (var part = 0u; part < PARTS; part++) {
                let start = part_start(part, group.z);
                let blocks = part_blocks(part);
                var at0 = start + t0.pixel;
                var at1 = start + t1.pixel;
                var at2 = start + t2.pixel;
                var at3 = start + t3.pixel;
                for (var c = 0u; c < blocks; c++) {
                    let u0 = fetch(part, at0, t0.inside);
                    let u1 = fetch(part, at1, t1.inside);
                    let u2 = fetch(part, at2, t2.inside);
                    let u3 = fetch(part, at3, t3.inside);
                    let w0 = vec4f(weights[w]);
                    let w1 = vec4f(weights[w + 8u]);
                    let w2 = vec4f(weights[w + 16u]);
                    let w3 = vec4f(weights[w + 24u]);
                    let m0 = low(w0);  s0[0] += m0 * u0; s1[0] += m0 * u1; s2[0] += m0 * u2; s3[0] += m0 * u3;
                    let m1 = high(w0); s0[1] += m1 * u0; s1[1] += m1 * u1; s2[1] += m1 * u2; s3[1] += m1 * u3;
                    let m2 = low(w1);  s0[2] += m2 * u0; s1[2] += m2 * u1; s2[2] += m2 * u2; s3[2] += m2 * u3;
                    let m3 = high(w1); s0[3] += m3 * u0; s1[3] += m3 * u1; s2[3] += m3 * u2; s3[3] += m3 * u3;
                    let m4 = low(w2);  s0[4] += m4 * u0; s1[4] += m4 * u1; s2[4] += m4 * u2; s3[4] += m4 * u3;
                    let m5 = high(w2); s0[5] += m5 * u0; s1[5] += m5 * u1; s2[5] += m5 * u2; s3[5] += m5 * u3;
                    let m6 = low(w3);  s0[6] += m6 * u0; s1[6] += m6 * u1; s2[6] += m6 * u2; s3[6] += m6 * u3;
                    let m7 = high(w3); s0[7] += m7 * u0; s1[7] += m7 * u1; s2[7] += m7 * u2; s3[7] += m7 * u3;
                    w += 32u;
                    at0 += plane; at1 += plane; at2 += plane; at3 += plane;
                }
            }
        }
    }
    for (var b = 0u; b < BLOCKS; b++) {
        put(group, p, b, s0[b]);
        put(group, p + THREADS, b, s1[b]);
        put(group, p + 2u * THREADS, b, s2[b]);
        put(group, p + 3u * THREADS, b, s3[b]);
    }
}
