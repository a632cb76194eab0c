// uses: shared/train.wgsl shared/conv_grad.wgsl
// Gradient of a convolution's weights for GPUs. A column is a block of inputs under one tap: a workgroup has 64 outputs by 16 columns, of which
// every invocation keeps 8 by 8 numbers, and goes through 16 pixels at a time.

override SHARES: u32 = 1u; // that the pixels of all pictures are cut into, each with sums of its own

@group(0) @binding(1) var<storage, read> x: array<real4>;         // [IC/4, pictures, IH, IW]
@group(0) @binding(2) var<storage, read> dy: array<real4>;        // [OC/4, pictures, OH, OW]
@group(0) @binding(3) var<storage, read_write> dst: array<real4>; // [SHARES, OC/4, IC, SIZE, SIZE]: four outputs each

const LANES = 8u;
const TILE = 16u;  // blocks of outputs, and columns
const DEPTH = 16u; // pixels

var<workgroup> sh_dy: array<vec4f, 256>; // [DEPTH, TILE]
var<workgroup> sh_x: array<vec4f, 256>;

// What a column sees from a pixel of y; 0 outside the picture.
fn under(column: u32, pixel: u32, end: u32) -> vec4f {
    let taps = SIZE * SIZE;
    let columns = (params.src_channels + 3u) / 4u * taps;
    let row = pixel / params.ow;
    let y = i32(row % params.oh * STRIDE_Y + column % taps / SIZE * DILATION) - i32(PAD * DILATION);
    let c = i32(pixel % params.ow * STRIDE_X + column % SIZE * DILATION) - i32(PAD * DILATION);
    let there = column < columns && pixel < end && y >= 0 && c >= 0 && u32(y) < params.ih && u32(c) < params.iw;
    let at = (params.src_block.x + column / taps) * in_plane() + (row / params.oh * params.ih + u32(y)) * params.iw + u32(c);
    return select(vec4f(0.0), vec4f(x[select(0u, at, there)]), there);
}

fn above(block: u32, pixel: u32, end: u32) -> vec4f {
    let there = block < (params.channels + 3u) / 4u && pixel < end;
    return select(vec4f(0.0), vec4f(dy[select(0u, (params.src_block.y + block) * out_plane() + pixel, there)]), there);
}

fn store(share: u32, o: u32, column: u32, s: mat4x4f) {
    let taps = SIZE * SIZE;
    let outputs = (params.channels + 3u) / 4u;
    let i = column / taps * 4u;
    let at = (params.dst_block + share * outputs + o) * params.src_channels * taps + i * taps + column % taps;
    for (var n = 0u; n < 4u; n++) {
        if o < outputs && i + n < params.src_channels {
            dst[at + n * taps] = real4(s[n]);
        }
    }
}

@compute @workgroup_size(LANES, LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) index: u32) {
    let pixels = out_plane();
    let share = ((pixels + SHARES - 1u) / SHARES + DEPTH - 1u) / DEPTH * DEPTH;
    let first = group.z * share;
    let end = min(first + share, pixels);
    // Four inputs of four outputs each: outputs and columns as they lie, and 8 further.
    var s00 = mat4x4f(); var s01 = mat4x4f(); var s10 = mat4x4f(); var s11 = mat4x4f();
    for (var step = 0u; step < share; step += DEPTH) {
        let pixel = first + step + index % DEPTH;
        for (var n = 0u; n < 4u; n++) {
            let block = index / DEPTH + n * 4u;
            sh_dy[index % DEPTH * TILE + block] = above(group.y * TILE + block, pixel, end);
            sh_x[index % DEPTH * TILE + block] = under(group.x * TILE + block, pixel, end);
        }
        workgroupBarrier();
        for (var k = 0u; k < DEPTH; k++) {
            let d0 = sh_dy[k * TILE + local.y];
            let d1 = sh_dy[k * TILE + local.y + LANES];
            let v0 = sh_x[k * TILE + local.x];
            let v1 = sh_x[k * TILE + local.x + LANES];
            s00 += mat4x4f(d0 * v0.x, d0 * v0.y, d0 * v0.z, d0 * v0.w);
            s01 += mat4x4f(d0 * v1.x, d0 * v1.y, d0 * v1.z, d0 * v1.w);
            s10 += mat4x4f(d1 * v0.x, d1 * v0.y, d1 * v0.z, d1 * v0.w);
            s11 += mat4x4f(d1 * v1.x, d1 * v1.y, d1 * v1.z, d1 * v1.w);
        }
        workgroupBarrier();
    }
    let o = group.y * TILE + local.y;
    let column = group.x * TILE + local.x;
    store(group.z, o, column, s00);
    store(group.z, o, column + LANES, s01);
    store(group.z, o + LANES, column, s10);
    store(group.z, o + LANES, column + LANES, s11);
}
