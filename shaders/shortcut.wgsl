// uses: shared/pairs.wgsl
// Sum of two values; channels that b lacks are a's alone, those it has more are ignored.

override ACCUMULATE: bool = false; // dst += b instead of dst = a + b: the third and later addends

@group(0) @binding(2) var<storage, read> b: array<real4>;         // [B/4, H, W]
@group(0) @binding(3) var<storage, read_write> dst: array<real4>; // [C/4, H, W]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.pixels {
        return;
    }
    let at = (params.dst_block + id.y) * params.pixels + id.x;
    var sum: vec4f;
    if ACCUMULATE {
        sum = vec4f(dst[at]);
    } else {
        sum = vec4f(a[(params.a_block + id.y) * params.pixels + id.x]);
    }
    if id.y * 4u < params.b_channels {
        let lanes = vec4u(0u, 1u, 2u, 3u) + id.y * 4u;
        let more = vec4f(b[(params.b_block + id.y) * params.pixels + id.x]);
        sum += select(vec4f(0.0), more, lanes < vec4u(params.b_channels));
    }
    dst[at] = real4(sum);
}
