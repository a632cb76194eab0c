// Tiles of a Winograd convolution: SIDE x SIDE outputs each, row by row, picture by picture.

// Columns of tiles in one picture.
fn tile_columns() -> u32 {
    return (params.ow + SIDE - 1u) / SIDE;
}

// Tiles of one picture.
fn tiles_each() -> u32 {
    return tile_columns() * ((params.oh + SIDE - 1u) / SIDE);
}

// Column and row of a tile's first output, and its picture.
fn tile(number: u32) -> vec3u {
    var picture = 0u;
    var rest = number;
    if PICTURES > 1u {
        picture = number / tiles_each();
        rest = number % tiles_each();
    }
    return vec3u(rest % tile_columns() * SIDE, rest / tile_columns() * SIDE, picture);
}
