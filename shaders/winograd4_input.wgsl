// uses: shared/activation.wgsl shared/conv.wgsl shared/tiles.wgsl
// Winograd F(4x4, 3x3), first of three: every tile of 6x6 inputs, of which neighbours share two rows or columns, becomes
// the values of a polynomial at the points 0, 1, -1, 2, -2 and infinity. One tile of one block of four channels per invocation.

const SIDE = 4u;

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // not read here

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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let tiles = PICTURES * tiles_each();
    if id.x >= tiles {
        return;
    }
    let tile = tile(id.x);
    let top = i32(tile.y) - i32(PAD);
    let left = i32(tile.x) - i32(PAD);
    let first = tile.z * params.ih * params.iw;
    var half: array<array<vec4f, 6>, 6>; // rows of columns that are done
    for (var x = 0; x < 6; x++) {
        var column: array<vec4f, 6>;
        for (var y = 0; y < 6; y++) {
            let row = top + y;
            let at = left + x;
            let inside = row >= 0 && at >= 0 && u32(row) < params.ih && u32(at) < params.iw;
            let pixel = first + select(0u, u32(row) * params.iw + u32(at), inside);
            column[y] = select(vec4f(0.0), load_block(id.y, pixel), inside);
        }
        column = along(column);
        for (var y = 0; y < 6; y++) {
            half[y][x] = column[y];
        }
    }
    for (var y = 0u; y < 6u; y++) {
        let row = along(half[y]);
        for (var x = 0u; x < 6u; x++) {
            dst[((y * 6u + x) * params.ic4 + id.y) * tiles + id.x] = real4(row[x]);
        }
    }
}
