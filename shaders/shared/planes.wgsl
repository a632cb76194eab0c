// Parameters of the kernels that map one value to another plane by plane.

struct Params {
    ih: u32,
    iw: u32,
    oh: u32,
    ow: u32,
    channels: u32,   // of the destination
    src_block: u32,
    dst_block: u32,
    _pad: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
