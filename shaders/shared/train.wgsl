// Parameters of the kernels of training. x is what an op of the network reads, y what it makes of that; dx and dy are the gradients by them.

struct Params {
    ih: u32,            // rows of x and dx
    iw: u32,
    oh: u32,            // rows of y and dy
    ow: u32,
    channels: u32,      // of the destination
    pictures: u32,      // of a batch: they lie side by side in every plane
    dst_block: u32,
    scale: f32,         // of a sum
    src_block: vec4u,   // first block of each source in its buffer
    last_block: u32,    // of the fifth
    src_channels: u32,  // of the first source
    group_ic: u32,      // channels of x in a group
    group_oc: u32,      // channels of y in a group
}

@group(0) @binding(0) var<uniform> params: Params;

// Vectors of one plane of x.
fn in_plane() -> u32 {
    return params.pictures * params.ih * params.iw;
}

// Vectors of one plane of y.
fn out_plane() -> u32 {
    return params.pictures * params.oh * params.ow;
}

// Column and row of a pixel of x in its picture, and the picture.
fn spot(pixel: u32) -> vec3u {
    let each = params.ih * params.iw;
    let rest = pixel % each;
    return vec3u(rest % params.iw, rest / params.iw, pixel / each);
}
