// uses: shared/activation.wgsl shared/conv.wgsl
// The parts of a sum that was shared among workgroups, added, with the epilogue.

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // not read here; src0 has the parts: [SPLIT, OC/4, pixels]

override SPLIT: u32 = 2u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = out_plane();
    if id.x >= plane {
        return;
    }
    let blocks = (params.oc + 3u) / 4u;
    var sum = vec4f(0.0);
    for (var part = 0u; part < SPLIT; part++) {
        sum += vec4f(src0[(part * blocks + id.y) * plane + id.x]);
    }
    store_block(id.y, id.x, sum);
}
