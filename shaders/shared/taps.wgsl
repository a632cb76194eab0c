// Where the taps of an implicit GEMM lie, for kernels that keep several pixels per invocation.

struct Tap {
    pixel: u32,    // clamped into the picture
    inside: bool,
}

// Where tap (ky, kx) of output pixel `p` lies.
fn find(p: u32, ky: u32, kx: u32) -> Tap {
    let y = tap(p / params.ow, STRIDE_Y, ky);
    let x = tap(p % params.ow, STRIDE_X, kx);
    let inside = y >= 0 && x >= 0 && u32(y) < params.ih && u32(x) < params.iw;
    return Tap(select(0u, u32(y) * params.iw + u32(x), inside), inside);
}

// Channels 4c .. 4c + 3 under a tap; 0 outside the picture.
fn load(c: u32, t: Tap) -> vec4f {
    return select(vec4f(0.0), load_block(c, t.pixel), t.inside);
}
