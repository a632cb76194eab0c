// uses: shared/activation.wgsl shared/conv.wgsl shared/tiles.wgsl
// Winograd F(4x4, 3x3), last of three: the products at 6x6 points become 4x4 pixels, with bias, activation and residual.
// One tile of one block of four channels per invocation.

const SIDE = 4u;

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // not read here; src0 has the products: [36, OC/4, tiles]

// One column or row: the transposed A of Lavin and Gray (arXiv 1509.09308).
fn along(m: array<vec4f, 6>) -> array<vec4f, 4> {
    let a = m[1] + m[2];
    let b = m[1] - m[2];
    let c = m[3] + m[4];
    let d = m[3] - m[4];
    return array<vec4f, 4>(m[0] + a + c, b + 2.0 * d, a + 4.0 * c, b + 8.0 * d + m[5]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let tiles = PICTURES * tiles_each();
    if id.x >= tiles {
        return;
    }
    let tile = tile(id.x);
    let blocks = (params.oc + 3u) / 4u;
    var half: array<array<vec4f, 6>, 4>; // rows of columns that are done
    for (var x = 0u; x < 6u; x++) {
        var column: array<vec4f, 6>;
        for (var y = 0u; y < 6u; y++) {
            column[y] = vec4f(src0[((y * 6u + x) * blocks + id.y) * tiles + id.x]);
        }
        let done = along(column);
        for (var y = 0u; y < 4u; y++) {
            half[y][x] = done[y];
        }
    }
    for (var y = 0u; y < 4u; y++) {
        let row = along(half[y]);
        let oy = tile.y + y;
        for (var x = 0u; x < 4u; x++) {
            let ox = tile.x + x;
            if oy < params.oh && ox < params.ow {
                store_block(id.y, (tile.z * params.oh + oy) * params.ow + ox, row[x]);
            }
        }
    }
}
