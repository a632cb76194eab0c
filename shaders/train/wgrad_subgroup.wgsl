// uses: shared/train.wgsl shared/conv_grad.wgsl
// Gradient of a convolution's weights for software adapters with subgroups of 8 or more. A column is a block of inputs under one tap: each lane of
// eight has one, and brings another block of outputs, which broadcasts hand round; 32 outputs by 4 inputs an invocation, 4 pixels at a time.

override SHARES: u32 = 1u; // that the rows of all pictures are cut into, each with sums of its own

@group(0) @binding(1) var<storage, read> x: array<real4>;         // [IC/4, pictures, IH, IW]
@group(0) @binding(2) var<storage, read> dy: array<real4>;        // [OC/4, pictures, OH, OW]
@group(0) @binding(3) var<storage, read_write> dst: array<real4>; // [SHARES, OC/4, IC, SIZE, SIZE]: four outputs each

const THREADS = 16u;
const BLOCKS = 8u;

// What a column sees from pixel `ox` of a row of y; 0 outside the picture.
fn under(row: u32, inside: bool, ox: u32, right: u32) -> vec4f {
    let at = i32(ox * STRIDE_X + right) - i32(PAD * DILATION);
    let there = inside && at >= 0 && u32(at) < params.iw && ox < params.ow;
    return select(vec4f(0.0), vec4f(x[row + select(0u, u32(at), there)]), there);
}

// The block of outputs that a lane has, a pixel a column.
fn of_lane0(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(a, 0u), subgroupBroadcast(b, 0u), subgroupBroadcast(c, 0u), subgroupBroadcast(d, 0u));
}
fn of_lane1(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(a, 1u), subgroupBroadcast(b, 1u), subgroupBroadcast(c, 1u), subgroupBroadcast(d, 1u));
}
fn of_lane2(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(a, 2u), subgroupBroadcast(b, 2u), subgroupBroadcast(c, 2u), subgroupBroadcast(d, 2u));
}
fn of_lane3(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(a, 3u), subgroupBroadcast(b, 3u), subgroupBroadcast(c, 3u), subgroupBroadcast(d, 3u));
}
fn of_lane4(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(a, 4u), subgroupBroadcast(b, 4u), subgroupBroadcast(c, 4u), subgroupBroadcast(d, 4u));
}
fn of_lane5(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(a, 5u), subgroupBroadcast(b, 5u), subgroupBroadcast(c, 5u), subgroupBroadcast(d, 5u));
}
fn of_lane6(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(a, 6u), subgroupBroadcast(b, 6u), subgroupBroadcast(c, 6u), subgroupBroadcast(d, 6u));
}
fn of_lane7(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(a, 7u), subgroupBroadcast(b, 7u), subgroupBroadcast(c, 7u), subgroupBroadcast(d, 7u));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32, @builtin(subgroup_invocation_id) lane: u32) {
    let taps = SIZE * SIZE;
    let columns = (params.src_channels + 3u) / 4u * taps;
    let outputs = (params.channels + 3u) / 4u;
    // Invocations and lanes past the end compute the last again, and store nothing.
    let column = min(group.x * THREADS + index, columns - 1u);
    let down = column % taps / SIZE * DILATION;
    let right = column % SIZE * DILATION;
    let base_x = (params.src_block.x + column / taps) * in_plane();
    let base_dy = (params.src_block.y + min(group.y * BLOCKS + lane % 8u, outputs - 1u)) * out_plane();
    let rows = params.pictures * params.oh;
    let share = (rows + SHARES - 1u) / SHARES;
    let end = min((group.z + 1u) * share, rows);
    // Sums of 8 blocks of outputs by 4 inputs.
    var s: array<vec4f, 32>;
    for (var row = group.z * share; row < end; row++) {
        let y = i32(row % params.oh * STRIDE_Y + down) - i32(PAD * DILATION);
        let inside = y >= 0 && u32(y) < params.ih;
        let row_x = base_x + (row / params.oh * params.ih + select(0u, u32(y), inside)) * params.iw;
        let row_dy = base_dy + row * params.ow;
        let last = params.ow - 1u;
        for (var ox = 0u; ox < params.ow; ox += 4u) {
            let v = transpose(mat4x4f(
                under(row_x, inside, ox, right),
                under(row_x, inside, ox + 1u, right),
                under(row_x, inside, ox + 2u, right),
                under(row_x, inside, ox + 3u, right),
            ));
            let d0 = vec4f(dy[row_dy + ox]);
            let d1 = vec4f(dy[row_dy + min(ox + 1u, last)]);
            let d2 = vec4f(dy[row_dy + min(ox + 2u, last)]);
            let d3 = vec4f(dy[row_dy + min(ox + 3u, last)]);
            let m0 = of_lane0(d0, d1, d2, d3);
            s[0] += m0 * v[0]; s[1] += m0 * v[1]; s[2] += m0 * v[2]; s[3] += m0 * v[3];
            let m1 = of_lane1(d0, d1, d2, d3);
            s[4] += m1 * v[0]; s[5] += m1 * v[1]; s[6] += m1 * v[2]; s[7] += m1 * v[3];
            let m2 = of_lane2(d0, d1, d2, d3);
            s[8] += m2 * v[0]; s[9] += m2 * v[1]; s[10] += m2 * v[2]; s[11] += m2 * v[3];
            let m3 = of_lane3(d0, d1, d2, d3);
            s[12] += m3 * v[0]; s[13] += m3 * v[1]; s[14] += m3 * v[2]; s[15] += m3 * v[3];
            let m4 = of_lane4(d0, d1, d2, d3);
            s[16] += m4 * v[0]; s[17] += m4 * v[1]; s[18] += m4 * v[2]; s[19] += m4 * v[3];
            let m5 = of_lane5(d0, d1, d2, d3);
            s[20] += m5 * v[0]; s[21] += m5 * v[1]; s[22] += m5 * v[2]; s[23] += m5 * v[3];
            let m6 = of_lane6(d0, d1, d2, d3);
            s[24] += m6 * v[0]; s[25] += m6 * v[1]; s[26] += m6 * v[2]; s[27] += m6 * v[3];
            let m7 = of_lane7(d0, d1, d2, d3);
            s[28] += m7 * v[0]; s[29] += m7 * v[1]; s[30] += m7 * v[2]; s[31] += m7 * v[3];
        }
    }
    let each = params.src_channels * taps;
    for (var n = 0u; n < 32u; n++) {
        let o = group.y * BLOCKS + n / 4u;
        let i = column / taps * 4u + n % 4u;
        if group.x * THREADS + index < columns && o < outputs && i < params.src_channels {
            dst[(params.dst_block + group.z * outputs + o) * each + i * taps + column % taps] = real4(s[n]);
        }
    }
}
