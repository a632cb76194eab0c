// Which windows see a pixel: what a gradient is gathered from. Taps outside the picture do not count.

override SIZE: u32 = 2u;
override STRIDE_Y: u32 = 2u;
override STRIDE_X: u32 = 2u;
override OFFSET: u32 = 0u; // a window starts this far before its own pixel

// From the first to behind the last of `count` windows of a side that see `at`.
fn seen(at: u32, stride: u32, count: u32) -> vec2u {
    let end = at + OFFSET;
    let first = select(0u, (end - SIZE) / stride + 1u, end >= SIZE);
    return vec2u(first, min(end / stride + 1u, count));
}

// From the first to behind the last pixel, of `side`, that a window sees.
fn under(window: u32, stride: u32, side: u32) -> vec2u {
    let first = window * stride;
    let start = select(0u, first - OFFSET, first >= OFFSET);
    let end = select(0u, first + SIZE - OFFSET, first + SIZE >= OFFSET);
    return vec2u(start, max(start, min(end, side)));
}
