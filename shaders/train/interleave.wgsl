// uses: shared/train.wgsl
// The phases of a gradient, one above the other in channels, put side by side: pixel (y, x) of phase (r, c) is pixel (y STRIDE + r, x STRIDE + c).

override STRIDE: u32 = 2u;

@group(0) @binding(1) var<storage, read> src: array<real4>;       // [STRIDE, STRIDE, C/4, pictures, OH, OW]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>; // [C/4, pictures, IH, IW]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = in_plane();
    if id.x >= plane {
        return;
    }
    let spot = spot(id.x);
    let phase = spot.y % STRIDE * STRIDE + spot.x % STRIDE;
    let block = phase * ((params.channels + 3u) / 4u) + id.y;
    let pixel = (spot.z * params.oh + spot.y / STRIDE) * params.ow + spot.x / STRIDE;
    dst[(params.dst_block + id.y) * plane + id.x] = src[block * out_plane() + pixel];
}
