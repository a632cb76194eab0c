// uses: shared/train.wgsl
// Gradient of a slice: that above, among zeros.

override START: u32 = 0u; // channel of the destination that is the first of the source

@group(0) @binding(1) var<storage, read> dy: array<real4>;        // [channels of the slice / 4, pictures, IH, IW]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>; // [C/4, pictures, IH, IW]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = in_plane();
    if id.x >= plane {
        return;
    }
    var v = vec4f(0.0);
    for (var lane = 0u; lane < 4u; lane++) {
        let c = id.y * 4u + lane;
        if c >= START && c - START < params.src_channels {
            let start = c - START;
            v[lane] = vec4f(dy[(params.src_block.x + start / 4u) * plane + id.x])[start % 4u];
        }
    }
    dst[(params.dst_block + id.y) * plane + id.x] = real4(v);
}
