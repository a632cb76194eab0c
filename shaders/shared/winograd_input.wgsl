// The first of three dispatches of a Winograd convolution: every tile of SPAN x SPAN inputs, of which neighbours share two rows or
// columns, becomes the values of a polynomial at as many points. One tile of one block of four channels per invocation, or per
// SHARES of them, each for its rows of points: half the registers for twice the loads, which come from the cache. The kernel says
// SIDE, SPAN = SIDE + 2 and what `along` makes of one column or row.

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // not read here

override SHARES: u32 = 1u; // invocations of one tile: 1 or 2

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
    let second = SHARES > 1u && id.z > 0u;
    let rows = SPAN / SHARES;
    var half: array<array<vec4f, SPAN>, SPAN>; // rows of columns that are done: those of this share, no register for the others
    for (var x = 0; x < i32(SPAN); x++) {
        var column: array<vec4f, SPAN>;
        for (var y = 0; y < i32(SPAN); y++) {
            let row = top + y;
            let at = left + x;
            let inside = row >= 0 && at >= 0 && u32(row) < params.ih && u32(at) < params.iw;
            let pixel = first + select(0u, u32(row) * params.iw + u32(at), inside);
            column[y] = select(vec4f(0.0), load_block(id.y, pixel), inside);
        }
        column = along(column);
        for (var y = 0u; y < rows; y++) {
            half[y][x] = select(column[y], column[SPAN - rows + y], second);
        }
    }
    for (var y = 0u; y < rows; y++) {
        let row = along(half[y]);
        let point = select(y, rows + y, second) * SPAN;
        for (var x = 0u; x < SPAN; x++) {
            dst[((point + x) * params.ic4 + id.y) * tiles + id.x] = real4(row[x]);
        }
    }
}
