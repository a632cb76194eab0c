// uses: shared/train.wgsl shared/gather.wgsl
// Gradient of a local average pool: of every window that sees a pixel, its share.

@group(0) @binding(1) var<storage, read> dy: array<real4>;        // [C/4, pictures, OH, OW]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>; // [C/4, pictures, IH, IW]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = in_plane();
    if id.x >= plane {
        return;
    }
    let spot = spot(id.x);
    let above = (params.src_block.x + id.y) * out_plane() + spot.z * params.oh * params.ow;
    let rows = seen(spot.y, STRIDE_Y, params.oh);
    let columns = seen(spot.x, STRIDE_X, params.ow);
    var sum = vec4f(0.0);
    for (var oy = rows.x; oy < rows.y; oy++) {
        for (var ox = columns.x; ox < columns.y; ox++) {
            let down = under(oy, STRIDE_Y, params.ih);
            let right = under(ox, STRIDE_X, params.iw);
            let shares = max((down.y - down.x) * (right.y - right.x), 1u);
            sum += vec4f(dy[above + oy * params.ow + ox]) / f32(shares);
        }
    }
    dst[(params.dst_block + id.y) * plane + id.x] = real4(sum);
}
