// uses: shared/activation.wgsl shared/conv.wgsl shared/tiles.wgsl shared/winograd_input.wgsl
// Winograd F(2x2, 3x3), first of three: inputs to values of a polynomial at the points 0, 1, -1 and infinity. The kernel is
// `shared/winograd_input.wgsl`.

const SIDE = 2u;  // outputs along a side of a tile
const SPAN = 4u;  // inputs, and points

// One column or row: the transposed B of Lavin and Gray (arXiv 1509.09308).
fn along(d: array<vec4f, 4>) -> array<vec4f, 4> {
    return array<vec4f, 4>(d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]);
}
