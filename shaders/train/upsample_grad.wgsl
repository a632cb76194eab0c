// uses: shared/train.wgsl
// Gradient of an upsample: the sum of all that a pixel became, times the scale.

override STRIDE: u32 = 2u;

@group(0) @binding(1) var<storage, read> dy: array<real4>;        // [C/4, pictures, OH, OW]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>; // [C/4, pictures, IH, IW]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = in_plane();
    if id.x >= plane {
        return;
    }
    let spot = spot(id.x);
    let rows = (params.src_block.x + id.y) * out_plane() + spot.z * params.oh * params.ow;
    let corner = rows + spot.y * STRIDE * params.ow + spot.x * STRIDE;
    var sum = vec4f(0.0);
    for (var y = 0u; y < STRIDE; y++) {
        for (var x = 0u; x < STRIDE; x++) {
            sum += vec4f(dy[corner + y * params.ow + x]);
        }
    }
    dst[(params.dst_block + id.y) * plane + id.x] = real4(sum * params.scale);
}
