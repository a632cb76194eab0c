// Weights in the order in which a rung of the ladder reads them, from [OC/4, channels of a group, SIZE, SIZE] vectors of four outputs; turned
// round, and by phases, where the rung is to play a gradient.

override LAYOUT: u32 = 0u;         // 0: OIHW; 1: depthwise; 2: panels, four outputs of an input; 3: panels, four inputs of an output
override BLOCKS: u32 = 1u;         // of a panel
override TURN: bool = false;       // what is packed is the gradient's convolution: outputs are inputs
override SIDE: u32 = 3u;           // rows and columns of the packed kernel
override SIZE: u32 = 3u;           // of the kernel itself
override STRIDE: u32 = 1u;
override PAD: u32 = 1u;
override FIRST: i32 = -1;          // from a phase's pixel of x to the first pixel of y that the packed kernel sees

struct Params {
    vectors: u32,        // packed ones
    oc: u32,             // of the packed convolution
    ic: u32,             // of one of its groups
    group_ic: u32,       // of the convolution itself
    group_oc: u32,
    channels: u32,       // that the convolution reads
    phase: u32,          // channels of a phase
    row: u32,            // invocations of a row of workgroups
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> numbers: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dst: array<real4>;

fn own(o: u32, i: u32, tap: u32) -> f32 {
    return numbers[(o / 4u * params.group_ic + i) * SIZE * SIZE + tap][o % 4u];
}

// Tap of the kernel that is number `k` of a phase's; negative, or too large, if there is none.
fn turned(phase: u32, k: u32) -> i32 {
    return i32(phase + PAD) - i32(STRIDE) * (FIRST + i32(k));
}

// A weight of the packed convolution; 0 where it has none.
fn weight(o: u32, i: u32, tap: u32) -> f32 {
    var w = 0.0;
    if o < params.oc && i < params.ic {
        if TURN {
            let phase = o / params.phase;
            let c = o % params.phase;
            let y = turned(phase / STRIDE, tap / SIDE);
            let x = turned(phase % STRIDE, tap % SIDE);
            if c < params.channels && y >= 0 && x >= 0 && y < i32(SIZE) && x < i32(SIZE) {
                w = own(c / params.group_ic * params.group_oc + i, c % params.group_ic, u32(y) * SIZE + u32(x));
            }
        } else {
            w = own(o, i, tap);
        }
    }
    return w;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let n = id.y * params.row + id.x;
    if n >= params.vectors {
        return;
    }
    let taps = SIDE * SIDE;
    var w = vec4f(0.0);
    for (var lane = 0u; lane < 4u; lane++) {
        var o = 0u;
        var i = 0u;
        var tap = 0u;
        if LAYOUT == 0u {
            let element = n * 4u + lane;
            o = element / taps / params.ic;
            i = element / taps % params.ic;
            tap = element % taps;
        } else if LAYOUT == 1u {
            o = n / taps * 4u + lane;
            tap = n % taps;
        } else {
            let tile = n / 4u;
            let step = tile / BLOCKS;
            let ic4 = (params.ic + 3u) / 4u;
            let slow = n % 4u;
            o = (step / (taps * ic4) * BLOCKS + tile % BLOCKS) * 4u + select(lane, slow, LAYOUT == 3u);
            i = step % ic4 * 4u + select(slow, lane, LAYOUT == 3u);
            tap = step % (taps * ic4) / ic4;
        }
        w[lane] = weight(o, i, tap);
    }
    dst[n] = real4(w);
}
