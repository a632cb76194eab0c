// uses: shared/activation.wgsl shared/conv.wgsl shared/tiles.wgsl shared/winograd_output.wgsl
// Winograd F(4x4, 3x3), last of three: products at 6x6 points to pixels. The kernel is `shared/winograd_output.wgsl`.

const SIDE = 4u;  // outputs along a side of a tile
const SPAN = 6u;  // inputs, and points

// One column or row: the transposed A of Lavin and Gray (arXiv 1509.09308).
fn along(m: array<vec4f, 6>) -> array<vec4f, 4> {
    let a = m[1] + m[2];
    let b = m[1] - m[2];
    let c = m[3] + m[4];
    let d = m[3] - m[4];
    return array<vec4f, 4>(m[0] + a + c, b + 2.0 * d, a + 4.0 * c, b + 8.0 * d + m[5]);
}
