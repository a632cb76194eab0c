// uses: shared/train.wgsl
// The sums of all shares, added in their order.

override SHARES: u32 = 1u;

@group(0) @binding(1) var<storage, read> src: array<real4>;       // [SHARES, vectors of dst]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let each = params.ih * params.iw;
    if id.x >= each {
        return;
    }
    let vectors = (params.channels + 3u) / 4u * each;
    var sum = vec4f(0.0);
    for (var share = 0u; share < SHARES; share++) {
        sum += vec4f(src[share * vectors + id.y * each + id.x]);
    }
    dst[(params.dst_block + id.y) * each + id.x] = real4(sum);
}
