// The window of a pool: taps outside the picture do not count.

override SIZE: u32 = 2u;
override STRIDE_Y: u32 = 2u;
override STRIDE_X: u32 = 2u;
override OFFSET: u32 = 0u; // the window starts this far before the output's pixel

// The part of a window that lies in the picture.
struct Window {
    start: vec2u, // column and row of the first pixel
    end: vec2u,   // behind the last
}

fn window(spot: vec3u) -> Window {
    let first = vec2i(i32(spot.x * STRIDE_X), i32(spot.y * STRIDE_Y)) - i32(OFFSET);
    let start = max(first, vec2i(0));
    let end = min(first + i32(SIZE), vec2i(i32(params.iw), i32(params.ih)));
    return Window(vec2u(start), vec2u(max(start, end)));
}
