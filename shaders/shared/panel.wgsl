// A panel of weights, BLOCKS blocks of four output channels, for implicit GEMMs whose invocations have all of it: the kernel says BLOCKS.

// Where a workgroup's weights begin, in vectors.
fn panel(group: vec3u) -> u32 {
    return group.z * params.weights_batch + group.y * SIZE * SIZE * params.ic4 * BLOCKS * 4u;
}

// Stores what was summed for a block of the panel at a pixel; nothing past the last of either.
fn put(group: vec3u, p: u32, block: u32, sum: vec4f) {
    let o = group.y * BLOCKS + block;
    if p < out_plane() && o < (params.oc + 3u) / 4u {
        store_block(group.z * params.dst_batch + o, p, sum);
    }
}
