// uses: shared/activation.wgsl shared/conv.wgsl
// Convolution by its definition, any groups, dilation and channel counts: rung 0, slow and obviously right.

@group(0) @binding(5) var<storage, read> weights: array<real>;    // [OC, IC/groups, SIZE, SIZE]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let pixel = id.x;
    if pixel >= out_plane() {
        return;
    }
    let spot = spot(pixel);
    var sum = vec4f(0.0);
    for (var lane = 0u; lane < 4u; lane++) {
        let oc = id.y * 4u + lane;
        if oc < params.oc {
            sum[lane] = dot_at(oc, spot);
        }
    }
    store_block(id.y, pixel, sum);
}

fn dot_at(oc: u32, spot: Spot) -> f32 {
    let first = oc / params.group_oc * params.group_ic;
    var sum = 0.0;
    for (var i = 0u; i < params.group_ic; i++) {
        for (var ky = 0u; ky < SIZE; ky++) {
            for (var kx = 0u; kx < SIZE; kx++) {
                let y = tap(spot.y, STRIDE_Y, ky);
                let x = tap(spot.x, STRIDE_X, kx);
                if y >= 0 && x >= 0 && u32(y) < params.ih && u32(x) < params.iw {
                    let c = first + i;
                    let v = load_block(c / 4u, spot.first + u32(y) * params.iw + u32(x))[c % 4u];
                    sum += v * f32(weights[((oc * params.group_ic + i) * SIZE + ky) * SIZE + kx]);
                }
            }
        }
    }
    return sum;
}
