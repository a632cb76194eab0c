// uses: shared/activation.wgsl shared/planes.wgsl
// Elementwise activation, where no convolution could take it in.

override ACTIVATION: u32 = 0u;
override SLOPE: f32 = 0.1;

@group(0) @binding(1) var<storage, read> src: array<real4>;       // [C/4, H, W]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>; // [C/4, H, W]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = out_plane();
    if id.x >= plane {
        return;
    }
    let v = vec4f(src[(params.src_block + id.y) * plane + id.x]);
    dst[(params.dst_block + id.y) * plane + id.x] = real4(activate(ACTIVATION, SLOPE, v));
}
