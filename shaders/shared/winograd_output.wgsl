// The last of three dispatches of a Winograd convolution: the products at SPAN x SPAN points become SIDE x SIDE pixels, with
// bias, activation and residual. One tile of one block of four channels per invocation. The kernel says SIDE, SPAN = SIDE + 2 and
// what `along` makes of one column or row.

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // not read here; src0 has the products: [SPAN * SPAN, OC/4, tiles]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let tiles = PICTURES * tiles_each();
    if id.x >= tiles {
        return;
    }
    let tile = tile(id.x);
    let blocks = (params.oc + 3u) / 4u;
    var half: array<array<vec4f, SPAN>, SIDE>; // rows of columns that are done
    for (var x = 0u; x < SPAN; x++) {
        var column: array<vec4f, SPAN>;
        for (var y = 0u; y < SPAN; y++) {
            column[y] = vec4f(src0[((y * SPAN + x) * blocks + id.y) * tiles + id.x]);
        }
        let done = along(column);
        for (var y = 0u; y < SIDE; y++) {
            half[y][x] = done[y];
        }
    }
    for (var y = 0u; y < SIDE; y++) {
        let row = along(half[y]);
        let oy = tile.y + y;
        for (var x = 0u; x < SIDE; x++) {
            let ox = tile.x + x;
            if oy < params.oh && ox < params.ow {
                store_block(id.y, (tile.z * params.oh + oy) * params.ow + ox, row[x]);
            }
        }
    }
}
