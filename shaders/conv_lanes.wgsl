// uses: shared/activation.wgsl shared/conv.wgsl
// Implicit GEMM for software adapters: no barriers, no workgroup memory. The lanes of a subgroup stand side by side
// along output pixels, so that every weight address is uniform; 16 output channels by 2 pixels per invocation.

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // [OC/16, SIZE * SIZE, IC/4, 4 blocks, 4 inputs]

const THREADS = 64u;

struct Tap {
    pixel: u32,    // clamped into the picture
    inside: bool,
}

fn find(oy: u32, ox: u32, ky: u32, kx: u32) -> Tap {
    let y = tap(oy, STRIDE_Y, ky);
    let x = tap(ox, STRIDE_X, kx);
    let inside = y >= 0 && x >= 0 && u32(y) < params.ih && u32(x) < params.iw;
    return Tap(select(0u, u32(y) * params.iw + u32(x), inside), inside);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let pixels = params.oh * params.ow;
    let p0 = group.x * THREADS * 2u + lane;
    let p1 = p0 + THREADS;
    // Invocations past the end compute the last pixel again and store nothing.
    let q0 = min(p0, pixels - 1u);
    let q1 = min(p1, pixels - 1u);
    let y0 = q0 / params.ow;
    let x0 = q0 % params.ow;
    let y1 = q1 / params.ow;
    let x1 = q1 % params.ow;
    var a0 = vec4f(0.0); var a1 = vec4f(0.0); var a2 = vec4f(0.0); var a3 = vec4f(0.0);
    var b0 = vec4f(0.0); var b1 = vec4f(0.0); var b2 = vec4f(0.0); var b3 = vec4f(0.0);
    var w = group.y * SIZE * SIZE * params.ic4 * 16u;
    for (var ky = 0u; ky < SIZE; ky++) {
        for (var kx = 0u; kx < SIZE; kx++) {
            let t0 = find(y0, x0, ky, kx);
            let t1 = find(y1, x1, ky, kx);
            for (var c = 0u; c < params.ic4; c++) {
                let u = select(vec4f(0.0), load_block(c, t0.pixel), t0.inside);
                let v = select(vec4f(0.0), load_block(c, t1.pixel), t1.inside);
                let m0 = mat4x4f(vec4f(weights[w]), vec4f(weights[w + 1u]), vec4f(weights[w + 2u]), vec4f(weights[w + 3u]));
                a0 += m0 * u;
                b0 += m0 * v;
                let m1 = mat4x4f(vec4f(weights[w + 4u]), vec4f(weights[w + 5u]), vec4f(weights[w + 6u]), vec4f(weights[w + 7u]));
                a1 += m1 * u;
                b1 += m1 * v;
                let m2 = mat4x4f(vec4f(weights[w + 8u]), vec4f(weights[w + 9u]), vec4f(weights[w + 10u]), vec4f(weights[w + 11u]));
                a2 += m2 * u;
                b2 += m2 * v;
                let m3 = mat4x4f(vec4f(weights[w + 12u]), vec4f(weights[w + 13u]), vec4f(weights[w + 14u]), vec4f(weights[w + 15u]));
                a3 += m3 * u;
                b3 += m3 * v;
                w += 16u;
            }
        }
    }
    let o = group.y * 4u;
    let blocks = (params.oc + 3u) / 4u;
    if p0 < pixels {
        store_block(o, p0, a0);
        if o + 1u < blocks { store_block(o + 1u, p0, a1); }
        if o + 2u < blocks { store_block(o + 2u, p0, a2); }
        if o + 3u < blocks { store_block(o + 3u, p0, a3); }
    }
    if p1 < pixels {
        store_block(o, p1, b0);
        if o + 1u < blocks { store_block(o + 1u, p1, b1); }
        if o + 2u < blocks { store_block(o + 2u, p1, b2); }
        if o + 3u < blocks { store_block(o + 3u, p1, b3); }
    }
}
