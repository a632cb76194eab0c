// Parameters of the kernels that map one value to another plane by plane.

struct Params {
    ih: u32,
    iw: u32,
    oh: u32,
    ow: u32,
    channels: u32,   // of the destination
    src_block: u32,
    dst_block: u32,
    pictures: u32,   // of a batch: they lie side by side in every plane
}

@group(0) @binding(0) var<uniform> params: Params;

// Vectors of one plane of the source, and of the destination.
fn in_plane() -> u32 {
    return params.pictures * params.ih * params.iw;
}

fn out_plane() -> u32 {
    return params.pictures * params.oh * params.ow;
}

// Column and row of a destination's pixel in its picture, and the picture.
fn spot(pixel: u32) -> vec3u {
    let each = params.oh * params.ow;
    let rest = pixel % each;
    return vec3u(rest % params.ow, rest / params.ow, pixel / each);
}
