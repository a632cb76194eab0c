// uses: shared/planes.wgsl
// Spatial pyramid pooling in one dispatch: three stride-1 max pools of growing windows and their input, written
// straight into the four slices of the concat. Each window starts from the maximum of the one inside it.

// Windows from small to large, all odd, and the slice that each is written to.
override SMALL: u32 = 5u;
override MIDDLE: u32 = 9u;
override LARGE: u32 = 13u;
override SLICE_INPUT: u32 = 3u;
override SLICE_SMALL: u32 = 2u;
override SLICE_MIDDLE: u32 = 1u;
override SLICE_LARGE: u32 = 0u;

@group(0) @binding(1) var<storage, read> src: array<real4>;       // [C/4, H, W]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>; // [4 * C/4, H, W]

// The maximum of `best` and the window of `size` around (cy, cx), less the window of `inner` known already.
fn grow(best: vec4f, base: u32, cy: i32, cx: i32, size: u32, inner: u32) -> vec4f {
    let r = i32(size / 2u);
    let known = i32(inner / 2u);
    var v = best;
    for (var y = max(cy - r, 0); y <= min(cy + r, i32(params.ih) - 1); y++) {
        let row_known = abs(y - cy) <= known;
        for (var x = max(cx - r, 0); x <= min(cx + r, i32(params.iw) - 1); x++) {
            if !(row_known && abs(x - cx) <= known) {
                v = max(v, vec4f(src[base + u32(y) * params.iw + u32(x)]));
            }
        }
    }
    return v;
}

fn store_slice(slice: u32, block: u32, pixel: u32, v: vec4f) {
    let blocks = params.channels / 16u;
    dst[(params.dst_block + slice * blocks + block) * out_plane() + pixel] = real4(v);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let pixels = out_plane();
    if id.x >= pixels {
        return;
    }
    let spot = spot(id.x);
    let cy = i32(spot.y);
    let cx = i32(spot.x);
    let base = (params.src_block + id.y) * pixels + spot.z * params.ih * params.iw;
    let input = vec4f(src[(params.src_block + id.y) * pixels + id.x]);
    let small = grow(input, base, cy, cx, SMALL, 1u);
    let middle = grow(small, base, cy, cx, MIDDLE, SMALL);
    let large = grow(middle, base, cy, cx, LARGE, MIDDLE);
    store_slice(SLICE_INPUT, id.y, id.x, input);
    store_slice(SLICE_SMALL, id.y, id.x, small);
    store_slice(SLICE_MIDDLE, id.y, id.x, middle);
    store_slice(SLICE_LARGE, id.y, id.x, large);
}
