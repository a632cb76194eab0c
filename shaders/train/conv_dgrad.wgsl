// uses: shared/train.wgsl shared/conv_grad.wgsl
// Gradient of what a convolution reads, by its definition, any groups, dilation and strides: slow and obviously right.

@group(0) @binding(1) var<storage, read> dy: array<real4>;        // [OC/4, pictures, OH, OW]
@group(0) @binding(2) var<storage, read> numbers: array<vec4f>;   // [OC/4, channels of a group, SIZE, SIZE]: four outputs each
@group(0) @binding(3) var<storage, read_write> dst: array<real4>; // [IC/4, pictures, IH, IW]

// Row or column of y whose tap `k` sees `at`; negative, or too large, if there is none.
fn source(at: u32, stride: u32, k: u32) -> i32 {
    let start = i32(at + PAD * DILATION) - i32(k * DILATION);
    let fits = start >= 0 && start % i32(stride) == 0;
    return select(-1, start / i32(stride), fits);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = in_plane();
    if id.x >= plane {
        return;
    }
    let spot = spot(id.x);
    var sum = vec4f(0.0);
    for (var lane = 0u; lane < 4u; lane++) {
        let c = id.y * 4u + lane;
        if c < params.channels {
            sum[lane] = by_input(c, spot);
        }
    }
    dst[(params.dst_block + id.y) * plane + id.x] = real4(sum);
}

fn by_input(c: u32, spot: vec3u) -> f32 {
    let first = c / params.group_ic * params.group_oc;
    let i = c % params.group_ic;
    var sum = 0.0;
    for (var ky = 0u; ky < SIZE; ky++) {
        for (var kx = 0u; kx < SIZE; kx++) {
            let y = source(spot.y, STRIDE_Y, ky);
            let x = source(spot.x, STRIDE_X, kx);
            if y >= 0 && x >= 0 && u32(y) < params.oh && u32(x) < params.ow {
                let pixel = (spot.z * params.oh + u32(y)) * params.ow + u32(x);
                for (var o = first; o < first + params.group_oc; o++) {
                    let above = vec4f(dy[(params.src_block.x + o / 4u) * out_plane() + pixel])[o % 4u];
                    let w = numbers[((o / 4u * params.group_ic + i) * SIZE + ky) * SIZE + kx][o % 4u];
                    sum += above * w;
                }
            }
        }
    }
    return sum;
}
