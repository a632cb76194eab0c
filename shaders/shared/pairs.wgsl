// Parameters of the kernels that join two values elementwise.

struct Params {
    pixels: u32,     // pictures * h * w of the destination
    channels: u32,   // of the destination
    a_block: u32,
    b_block: u32,
    dst_block: u32,
    b_channels: u32, // channels that b has
    pictures: u32,   // of a batch: they lie side by side in every plane
    _pad: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<real4>;         // [C/4, H, W]
