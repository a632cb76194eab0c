// uses: shared/roof.wgsl
// How fast storage is read: neighbours read neighbouring vectors, eight of them a round without waiting for each other.

@group(0) @binding(2) var<storage, read> src: array<vec4f>; // [8 * rounds * stride]

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let s = params.stride;
    var total = vec4f(params.offset);
    for (var i = 0u; i < params.rounds; i += 1u) {
        let at = id.x + 8u * i * s;
        let low = (src[at] + src[at + s]) + (src[at + 2u * s] + src[at + 3u * s]);
        let high = (src[at + 4u * s] + src[at + 5u * s]) + (src[at + 6u * s] + src[at + 7u * s]);
        total += low + high;
    }
    keep(id.x, total);
}
