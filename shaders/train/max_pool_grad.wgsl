// uses: shared/train.wgsl shared/gather.wgsl
// Gradient of a max pool: every window hands its own to the first of its largest pixels; every pixel asks the windows that see it.

@group(0) @binding(1) var<storage, read> x: array<real4>;         // [C/4, pictures, IH, IW]
@group(0) @binding(2) var<storage, read> dy: array<real4>;        // [C/4, pictures, OH, OW]
@group(0) @binding(3) var<storage, read_write> dst: array<real4>; // as x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = in_plane();
    if id.x >= plane {
        return;
    }
    let spot = spot(id.x);
    let base = (params.src_block.x + id.y) * plane + spot.z * params.ih * params.iw;
    let above = (params.src_block.y + id.y) * out_plane() + spot.z * params.oh * params.ow;
    let mine = vec4u(spot.y * params.iw + spot.x);
    let rows = seen(spot.y, STRIDE_Y, params.oh);
    let columns = seen(spot.x, STRIDE_X, params.ow);
    var sum = vec4f(0.0);
    for (var oy = rows.x; oy < rows.y; oy++) {
        for (var ox = columns.x; ox < columns.y; ox++) {
            let down = under(oy, STRIDE_Y, params.ih);
            let right = under(ox, STRIDE_X, params.iw);
            var best = vec4f(-3.4028234e38);
            var at = vec4u(0xffffffffu);
            for (var y = down.x; y < down.y; y++) {
                for (var c = right.x; c < right.y; c++) {
                    let n = y * params.iw + c;
                    let v = vec4f(x[base + n]);
                    at = select(at, vec4u(n), v > best);
                    best = max(best, v);
                }
            }
            sum += select(vec4f(0.0), vec4f(dy[above + oy * params.ow + ox]), at == mine);
        }
    }
    dst[(params.dst_block + id.y) * plane + id.x] = real4(sum);
}
