// uses: shared/activation.wgsl shared/conv.wgsl shared/tiles.wgsl shared/winograd_output.wgsl
// Winograd F(2x2, 3x3), last of three: products at 4x4 points to pixels. The kernel is `shared/winograd_output.wgsl`.

const SIDE = 2u;  // outputs along a side of a tile
const SPAN = 4u;  // inputs, and points

// One column or row: the transposed A of Lavin and Gray (arXiv 1509.09308).
fn along(m: array<vec4f, 4>) -> array<vec4f, 2> {
    return array<vec4f, 2>(m[0] + m[1] + m[2], m[1] - m[2] - m[3]);
}
