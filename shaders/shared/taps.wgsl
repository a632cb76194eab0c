// Where the taps of an implicit GEMM lie, for kernels that keep several pixels per invocation. Nothing in here is for
// the innermost loop but `fetch`: software drivers do not move the loads of parameters out of it. No function returns early:
// FXC, Direct3D's old compiler, takes a barrier behind its call for one in varying control flow then (X3663).

// Workgroups that follow each other share their pixels, not their weights.
override TURNED: bool = false;

// Along pixels, along output channels, batch.
fn turned(id: vec3u) -> vec3u {
    return select(id, id.yxz, TURNED);
}

struct Tap {
    pixel: u32,    // clamped into the picture
    inside: bool,
}

// Where tap (ky, kx) of an output pixel lies.
fn find(spot: Spot, ky: u32, kx: u32) -> Tap {
    let y = tap(spot.y, STRIDE_Y, ky);
    let x = tap(spot.x, STRIDE_X, kx);
    let inside = y >= 0 && x >= 0 && u32(y) < params.ih && u32(x) < params.iw;
    return Tap(select(0u, spot.first + u32(y) * params.iw + u32(x), inside), inside);
}

// Blocks of a part, and where they begin in its buffer.
fn part_blocks(part: u32) -> u32 {
    // A component by a number that is not known would be varying data to FXC, and with it the flow around barriers.
    let end = params.part_end;
    let here = select(select(select(end.w, end.z, part == 2u), end.y, part == 1u), end.x, part == 0u);
    let before = select(select(select(end.z, end.y, part == 2u), end.x, part == 1u), 0u, part == 0u);
    return here - before;
}

fn part_start(part: u32, batch: u32) -> u32 {
    return (params.src_block[part] + batch * params.src_batch) * in_plane();
}

// One vector of a part; 0 outside the picture.
fn fetch(part: u32, at: u32, inside: bool) -> vec4f {
    var v = real4(0.0);
    if PARTS > 1u && part == 1u {
        v = src1[at];
    } else if PARTS > 2u && part == 2u {
        v = src2[at];
    } else if PARTS > 3u && part == 3u {
        v = src3[at];
    } else {
        v = src0[at];
    }
    var kept = vec4f(v);
    if PAD != 0u || DILATION != 1u || BEYOND {
        // Else no tap is ever outside.
        kept = select(vec4f(0.0), kept, inside);
    }
    return kept;
}
