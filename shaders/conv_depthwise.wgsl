// uses: shared/activation.wgsl shared/conv.wgsl
// Depthwise convolution (groups = input channels = output channels): four channels of one pixel per invocation.

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // [C/4, SIZE, SIZE]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let pixel = id.x;
    if pixel >= out_plane() {
        return;
    }
    let spot = spot(pixel);
    var sum = vec4f(0.0);
    for (var ky = 0u; ky < SIZE; ky++) {
        for (var kx = 0u; kx < SIZE; kx++) {
            let y = tap(spot.y, STRIDE_Y, ky);
            let x = tap(spot.x, STRIDE_X, kx);
            if y >= 0 && x >= 0 && u32(y) < params.ih && u32(x) < params.iw {
                let v = load_block(id.y, spot.first + u32(y) * params.iw + u32(x));
                sum += v * vec4f(weights[(id.y * SIZE + ky) * SIZE + kx]);
            }
        }
    }
    store_block(id.y, pixel, sum);
}
