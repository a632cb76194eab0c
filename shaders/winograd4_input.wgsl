// uses: shared/activation.wgsl shared/conv.wgsl shared/tiles.wgsl shared/winograd_input.wgsl
// Winograd F(4x4, 3x3), first of three: inputs to values of a polynomial at the points 0, 1, -1, 2, -2 and infinity. The kernel is
// `shared/winograd_input.wgsl`.

const SIDE = 4u;  // outputs along a side of a tile
const SPAN = 6u;  // inputs, and points

// One column or row: the transposed B of Lavin and Gray (arXiv 1509.09308).
fn along(d: array<vec4f, 6>) -> array<vec4f, 6> {
    return array<vec4f, 6>(
        4.0 * d[0] - 5.0 * d[2] + d[4],
        d[4] + d[3] - 4.0 * (d[2] + d[1]),
        d[4] - d[3] - 4.0 * (d[2] - d[1]),
        d[4] - d[2] + 2.0 * (d[3] - d[1]),
        d[4] - d[2] - 2.0 * (d[3] - d[1]),
        4.0 * d[1] - 5.0 * d[3] + d[5],
    );
}
