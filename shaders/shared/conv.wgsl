// What every convolution shares: constants, parameters, the loader over up to four inputs, the epilogue.

override SIZE: u32 = 3u;        // rows and columns of the kernel
override STRIDE_Y: u32 = 1u;
override STRIDE_X: u32 = 1u;
override PAD: u32 = 1u;         // zero border, in taps
override DILATION: u32 = 1u;    // distance of neighbouring taps
override BEYOND: bool = false;  // taps lie outside the picture though it has no border
override PARTS: u32 = 1u;       // inputs that stand one above the other in channels, 1 to 4
override PICTURES: u32 = 1u;    // of a batch: they lie side by side in every plane, and their pixels are counted on
override ACTIVATION: u32 = 0u;  // of sum + bias
override SLOPE: f32 = 0.1;
override BIAS: bool = true;
override RESIDUAL: bool = false;
override AFTER: u32 = 0u;       // of the activated sum + residual
override AFTER_SLOPE: f32 = 0.1;
override UPSAMPLE: u32 = 1u;    // rows and columns that an output pixel is stored as
override PHASES: u32 = 1u;      // rows and columns of pixels that output channels stand for, phase by phase
override LACKING_Y: u32 = 0u;   // of those, the last ones that the stored value does not have
override LACKING_X: u32 = 0u;

struct Params {
    ih: u32,
    iw: u32,
    oh: u32,
    ow: u32,
    ic4: u32,               // input blocks of four channels, all parts together
    oc: u32,                // output channels
    group_ic: u32,          // input channels per group
    group_oc: u32,          // output channels per group
    src_block: vec4u,       // first block of each part in its buffer
    part_end: vec4u,        // input block after each part
    dst_block: u32,
    residual_block: u32,
    src_batch: u32,         // blocks from one problem of a batch to the next, in part 0
    dst_batch: u32,         // the same of the output
    weights_batch: u32,     // vectors from one problem's weights to the next
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> src0: array<real4>;      // [IC/4, PICTURES, IH, IW], first part
@group(0) @binding(2) var<storage, read> src1: array<real4>;      // second part, or src0 again
@group(0) @binding(3) var<storage, read> src2: array<real4>;
@group(0) @binding(4) var<storage, read> src3: array<real4>;
@group(0) @binding(6) var<storage, read> bias: array<vec4f>;      // [OC/4], padded to whole tiles
@group(0) @binding(7) var<storage, read> residual: array<real4>;  // [OC/4, PICTURES, OH, OW], or src0 again
@group(0) @binding(8) var<storage, read_write> dst: array<real4>; // [OC/4, PICTURES, OH * UPSAMPLE, OW * UPSAMPLE]

// Vectors of one plane of the input, and of the output.
fn in_plane() -> u32 {
    return PICTURES * params.ih * params.iw;
}

fn out_plane() -> u32 {
    return PICTURES * params.oh * params.ow;
}

// Where an output pixel is.
struct Spot {
    x: u32,       // column in its picture
    y: u32,       // row in its picture
    first: u32,   // the first pixel of its picture in a plane of the input
}

fn spot(pixel: u32) -> Spot {
    var at = Spot(pixel % params.ow, pixel / params.ow, 0u);
    if PICTURES > 1u {
        let each = params.oh * params.ow;
        let rest = pixel % each;
        at = Spot(rest % params.ow, rest / params.ow, pixel / each * params.ih * params.iw);
    }
    return at;
}

// Channels 4c .. 4c + 3 at `pixel` of the input.
fn load_block(c: u32, pixel: u32) -> vec4f {
    let plane = in_plane();
    var v = real4(0.0);
    if PARTS > 3u && c >= params.part_end.z {
        v = src3[(params.src_block.w + c - params.part_end.z) * plane + pixel];
    } else if PARTS > 2u && c >= params.part_end.y {
        v = src2[(params.src_block.z + c - params.part_end.y) * plane + pixel];
    } else if PARTS > 1u && c >= params.part_end.x {
        v = src1[(params.src_block.y + c - params.part_end.x) * plane + pixel];
    } else {
        v = src0[(params.src_block.x + c) * plane + pixel];
    }
    return vec4f(v);
}

// Input row or column under tap `k` of output `o`; outside the picture where it is negative or too large.
fn tap(o: u32, stride: u32, k: u32) -> i32 {
    return i32(o * stride + k * DILATION) - i32(PAD * DILATION);
}

// Pixel (y, x) of phase (r, c) is pixel (y PHASES + r, x PHASES + c) of the stored value.
fn store_phase(o: u32, pixel: u32, v: vec4f) {
    let blocks = params.oc / 4u / (PHASES * PHASES);
    let phase = o / blocks;
    // The rows of all pictures are counted on.
    let row = pixel / params.ow;
    let y = row % params.oh * PHASES + phase / PHASES;
    let x = pixel % params.ow * PHASES + phase % PHASES;
    let height = params.oh * PHASES - LACKING_Y;
    let width = params.ow * PHASES - LACKING_X;
    if y < height && x < width {
        let plane = (params.dst_block + o % blocks) * PICTURES + row / params.oh;
        dst[(plane * height + y) * width + x] = real4(v);
    }
}

// Bias, activation, residual, activation, upsampling or phases, store: channels 4o .. 4o + 3 at `pixel` of the output.
fn store_block(o: u32, pixel: u32, sum: vec4f) {
    let plane = out_plane();
    var v = sum;
    if BIAS {
        v += bias[o];
    }
    v = activate(ACTIVATION, SLOPE, v);
    if RESIDUAL {
        v = activate(AFTER, AFTER_SLOPE, v + vec4f(residual[(params.residual_block + o) * plane + pixel]));
    }
    if PHASES > 1u {
        store_phase(o, pixel, v);
        return;
    }
    if UPSAMPLE == 1u {
        dst[(params.dst_block + o) * plane + pixel] = real4(v);
        return;
    }
    // The rows of all pictures are counted on.
    let width = params.ow * UPSAMPLE;
    let row = (params.dst_block + o) * PICTURES * params.oh + pixel / params.ow;
    let corner = row * UPSAMPLE * width + pixel % params.ow * UPSAMPLE;
    for (var y = 0u; y < UPSAMPLE; y++) {
        for (var x = 0u; x < UPSAMPLE; x++) { dst[corner + y * width + x] = real4(v); }
    }
}
