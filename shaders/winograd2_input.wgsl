// uses: shared/activation.wgsl shared/conv.wgsl shared/tiles.wgsl
// Winograd F(2x2, 3x3), first of three: every tile of 4x4 inputs, of which neighbours share two rows or columns, becomes
// the values of a polynomial at the points 0, 1, -1 and infinity. One tile of one block of four channels per invocation.

const SIDE = 2u;

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // not read here

// One column or row: the transposed B of Lavin and Gray (arXiv 1509.09308).
fn along(d: array<vec4f, 4>) -> array<vec4f, 4> {
    return array<vec4f, 4>(d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]);
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
    var half: array<array<vec4f, 4>, 4>; // rows of columns that are done
    for (var x = 0; x < 4; x++) {
        var column: array<vec4f, 4>;
        for (var y = 0; y < 4; y++) {
            let row = top + y;
            let at = left + x;
            let inside = row >= 0 && at >= 0 && u32(row) < params.ih && u32(at) < params.iw;
            let pixel = first + select(0u, u32(row) * params.iw + u32(at), inside);
            column[y] = select(vec4f(0.0), load_block(id.y, pixel), inside);
        }
        column = along(column);
        for (var y = 0; y < 4; y++) {
            half[y][x] = column[y];
        }
    }
    for (var y = 0u; y < 4u; y++) {
        let row = along(half[y]);
        for (var x = 0u; x < 4u; x++) {
            dst[((y * 4u + x) * params.ic4 + id.y) * tiles + id.x] = real4(row[x]);
        }
    }
}
