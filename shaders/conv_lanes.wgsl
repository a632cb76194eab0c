// uses: shared/activation.wgsl shared/conv.wgsl shared/taps.wgsl shared/panel.wgsl
// Implicit GEMM for software adapters: no barriers, no workgroup memory. The lanes of a subgroup stand side by side
// along output pixels, so that every weight address is uniform; 8 output channels by 4 pixels per invocation: as many
// sums as stay in the registers of a processor.

@group(0) @binding(5) var<storage, read> weights: array<real4x4>; // [batch, OC/8, SIZE * SIZE, IC/4, 2 blocks], a column per input

override THREADS: u32 = 64u; // per workgroup: fewer for outputs of few pixels
const BLOCKS = 2u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
    let group = turned(id);
    let p = group.x * THREADS * 4u + lane;
    // Invocations past the end compute the last pixel again and store nothing.
    let last = out_plane() - 1u;
    let q0 = spot(min(p, last));
    let q1 = spot(min(p + THREADS, last));
    let q2 = spot(min(p + 2u * THREADS, last));
    let q3 = spot(min(p + 3u * THREADS, last));
    let plane = in_plane();
    var a0 = vec4f(0.0); var a1 = vec4f(0.0); var a2 = vec4f(0.0); var a3 = vec4f(0.0);
    var b0 = vec4f(0.0); var b1 = vec4f(0.0); var b2 = vec4f(0.0); var b3 = vec4f(0.0);
    let first = panel(group) / 4u;
    for (var ky = 0u; ky < SIZE; ky++) {
        for (var kx = 0u; kx < SIZE; kx++) {
            let t0 = find(q0, ky, kx);
            let t1 = find(q1, ky, kx);
            let t2 = find(q2, ky, kx);
            let t3 = find(q3, ky, kx);
            var w = first + (ky * SIZE + kx) * params.ic4 * BLOCKS;
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
                    let m = mat4x4f(weights[w]);
                    a0 += m * u0; a1 += m * u1; a2 += m * u2; a3 += m * u3;
                    let n = mat4x4f(weights[w + 1u]);
                    b0 += n * u0; b1 += n * u1; b2 += n * u2; b3 += n * u3;
                    w += 2u;
                    at0 += plane; at1 += plane; at2 += plane; at3 += plane;
                }
            }
        }
    }
    put(group, p, 0u, a0); put(group, p, 1u, b0);
    put(group, p + THREADS, 0u, a1); put(group, p + THREADS, 1u, b1);
    put(group, p + 2u * THREADS, 0u, a2); put(group, p + 2u * THREADS, 1u, b2);
    put(group, p + 3u * THREADS, 0u, a3); put(group, p + 3u * THREADS, 1u, b3);
}
