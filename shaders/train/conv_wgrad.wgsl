// uses: shared/train.wgsl shared/conv_grad.wgsl
// Gradient of a convolution's weights, by its definition, any groups, dilation and strides: slow and obviously right.

@group(0) @binding(1) var<storage, read> x: array<real4>;         // [IC/4, pictures, IH, IW]
@group(0) @binding(2) var<storage, read> dy: array<real4>;        // [OC/4, pictures, OH, OW]
@group(0) @binding(3) var<storage, read_write> dst: array<real4>; // [OC/4, channels of a group, SIZE, SIZE]: four outputs each

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let each = params.group_ic * SIZE * SIZE;
    if id.x >= each {
        return;
    }
    let down = id.x / SIZE % SIZE * DILATION;
    let right = id.x % SIZE * DILATION;
    var sum = vec4f(0.0);
    for (var row = 0u; row < params.pictures * params.oh; row++) {
        let y = i32(row % params.oh * STRIDE_Y + down) - i32(PAD * DILATION);
        if y >= 0 && u32(y) < params.ih {
            sum += row_of(id.y, id.x / (SIZE * SIZE), row, u32(y), right);
        }
    }
    dst[(params.dst_block + id.y) * each + id.x] = real4(sum);
}

// The sum along a row of y.
fn row_of(block: u32, i: u32, row: u32, y: u32, right: u32) -> vec4f {
    let start = (row / params.oh * params.ih + y) * params.iw;
    // Four outputs may be of four groups.
    let group = (vec4u(block * 4u) + vec4u(0u, 1u, 2u, 3u)) / params.group_oc;
    let c = min(group * params.group_ic + i, vec4u(params.src_channels - 1u));
    let above = ((params.src_block.y + block) * params.pictures * params.oh + row) * params.ow;
    var sum = vec4f(0.0);
    for (var ox = 0u; ox < params.ow; ox++) {
        let at = i32(ox * STRIDE_X + right) - i32(PAD * DILATION);
        if at >= 0 && u32(at) < params.iw {
            var v = vec4f(0.0);
            for (var lane = 0u; lane < 4u; lane++) {
                v[lane] = vec4f(x[(params.src_block.x + c[lane] / 4u) * in_plane() + start + u32(at)])[c[lane] % 4u];
            }
            sum += v * vec4f(dy[above + ox]);
        }
    }
    return sum;
}
