// uses: shared/pairs.wgsl
// Squeeze and excitation: every plane times one number.

@group(0) @binding(2) var<storage, read> b: array<real4>;         // [C/4, 1, 1]
@group(0) @binding(3) var<storage, read_write> dst: array<real4>; // [C/4, H, W]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.pixels {
        return;
    }
    let va = vec4f(a[(params.a_block + id.y) * params.pixels + id.x]);
    let vb = vec4f(b[(params.b_block + id.y) * params.pictures + id.x / (params.pixels / params.pictures)]);
    dst[(params.dst_block + id.y) * params.pixels + id.x] = real4(va * vb);
}
