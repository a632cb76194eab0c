// uses: shared/train.wgsl
// Gradient of a global average pool: every pixel's share, the scale.

@group(0) @binding(1) var<storage, read> dy: array<real4>;        // [C/4, pictures, 1, 1]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>; // [C/4, pictures, IH, IW]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = in_plane();
    if id.x >= plane {
        return;
    }
    let above = (params.src_block.x + id.y) * params.pictures + spot(id.x).z;
    dst[(params.dst_block + id.y) * plane + id.x] = real4(vec4f(dy[above]) * params.scale);
}
