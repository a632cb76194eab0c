// uses: shared/activation.wgsl shared/conv.wgsl shared/tiles.wgsl
// Winograd F(2x2, 3x3), last of three: the products at 4x4 points become 2x2 pixels, with bias, activation and residual.
// One tile of one block of four channels per invocation.

const SIDE = 2u;

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // not read here; src0 has the products: [16, OC/4, tiles]

// One column or row: the transposed A of Lavin and Gray (arXiv 1509.09308).
fn along(m: array<vec4f, 4>) -> array<vec4f, 2> {
    return array<vec4f, 2>(m[0] + m[1] + m[2], m[1] - m[2] - m[3]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let tiles = PICTURES * tiles_each();
    if id.x >= tiles {
        return;
    }
    let tile = tile(id.x);
    let blocks = (params.oc + 3u) / 4u;
    var half: array<array<vec4f, 4>, 2>; // rows of columns that are done
    for (var x = 0u; x < 4u; x++) {
        var column: array<vec4f, 4>;
        for (var y = 0u; y < 4u; y++) {
            column[y] = vec4f(src0[((y * 4u + x) * blocks + id.y) * tiles + id.x]);
        }
        let done = along(column);
        for (var y = 0u; y < 2u; y++) {
            half[y][x] = done[y];
        }
    }
    for (var y = 0u; y < 2u; y++) {
        let row = along(half[y]);
        let oy = tile.y + y;
        for (var x = 0u; x < 2u; x++) {
            let ox = tile.x + x;
            if oy < params.oh && ox < params.ow {
                store_block(id.y, (tile.z * params.oh + oy) * params.ow + ox, row[x]);
            }
        }
    }
}
