// uses: shared/planes.wgsl
// Max pool; taps outside the picture do not count.

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
    let y0 = i32(spot.y * STRIDE_Y) - i32(OFFSET);
    let x0 = i32(spot.x * STRIDE_X) - i32(OFFSET);
    let base = (params.src_block + id.y) * in_plane() + spot.z * params.ih * params.iw;
    var best = vec4f(-3.4028234e38);
    for (var y = max(y0, 0); y < min(y0 + i32(SIZE), i32(params.ih)); y++) {
        for (var x = max(x0, 0); x < min(x0 + i32(SIZE), i32(params.iw)); x++) {
            best = max(best, vec4f(src[base + u32(y) * params.iw + u32(x)]));
        }
    }
    dst[(params.dst_block + id.y) * pixels + id.x] = real4(best);
}
