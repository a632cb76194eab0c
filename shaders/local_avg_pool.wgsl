// uses: shared/planes.wgsl
// Average pool; taps outside the picture do not count, nor among those that are divided by.

override SIZE: u32 = 2u;
override STRIDE_Y: u32 = 2u;
override STRIDE_X: u32 = 2u;
override OFFSET: u32 = 0u; // the window starts this far before the output's pixel

@group(0) @binding(1) var<storage, read> src: array<real4>;       // [C/4, IH, IW]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>; // [C/4, OH, OW]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let pixels = out_plane();
    if id.x >= pixels {
        return;
    }
    let spot = spot(id.x);
    let first = vec2i(i32(spot.x * STRIDE_X), i32(spot.y * STRIDE_Y)) - i32(OFFSET);
    let start = max(first, vec2i(0));
    let end = min(first + i32(SIZE), vec2i(i32(params.iw), i32(params.ih)));
    let base = (params.src_block + id.y) * in_plane() + spot.z * params.ih * params.iw;
    var sum = vec4f(0.0);
    for (var y = start.y; y < end.y; y++) {
        for (var x = start.x; x < end.x; x++) {
            sum += vec4f(src[base + u32(y) * params.iw + u32(x)]);
        }
    }
    let count = (end.x - start.x) * (end.y - start.y);
    dst[(params.dst_block + id.y) * pixels + id.x] = real4(sum / f32(max(count, 1)));
}
