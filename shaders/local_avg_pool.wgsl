// uses: shared/planes.wgsl shared/window.wgsl
// Average pool: taps outside the picture are not among those that are divided by either.

@group(0) @binding(1) var<storage, read> src: array<real4>;       // [C/4, IH, IW]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>; // [C/4, OH, OW]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let pixels = out_plane();
    if id.x >= pixels {
        return;
    }
    let spot = spot(id.x);
    let window = window(spot);
    let base = (params.src_block + id.y) * in_plane() + spot.z * params.ih * params.iw;
    var sum = vec4f(0.0);
    for (var y = window.start.y; y < window.end.y; y++) {
        for (var x = window.start.x; x < window.end.x; x++) {
            sum += vec4f(src[base + y * params.iw + x]);
        }
    }
    let sides = window.end - window.start;
    dst[(params.dst_block + id.y) * pixels + id.x] = real4(sum / f32(max(sides.x * sides.y, 1u)));
}
