// uses: shared/planes.wgsl
// Nearest upsampling: every pixel STRIDE x STRIDE times.

override STRIDE: u32 = 2u;
override SCALE: f32 = 1.0;

@group(0) @binding(1) var<storage, read> src: array<real4>;       // [C/4, IH, IW]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>; // [C/4, OH, OW]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let pixels = out_plane();
    if id.x >= pixels {
        return;
    }
    let spot = spot(id.x);
    let row = ((params.src_block + id.y) * params.pictures + spot.z) * params.ih + spot.y / STRIDE;
    let v = vec4f(src[row * params.iw + spot.x / STRIDE]);
    dst[(params.dst_block + id.y) * pixels + id.x] = real4(v * SCALE);
}
