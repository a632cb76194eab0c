// uses: shared/roof.wgsl
// How fast workgroup memory is read: neighbours read neighbouring vectors, sixteen of them a round.

var<workgroup> tile: array<vec4f, 1024>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
    for (var i = lane; i < 1024u; i += 256u) {
        tile[i] = vec4f(f32(i) * params.factor);
    }
    workgroupBarrier();
    var total = vec4f(params.offset);
    for (var i = 0u; i < params.rounds; i += 1u) {
        let at = (lane + i) & 511u;
        var sum = (tile[at] + tile[at + 32u]) + (tile[at + 64u] + tile[at + 96u]);
        sum += (tile[at + 128u] + tile[at + 160u]) + (tile[at + 192u] + tile[at + 224u]);
        sum += (tile[at + 256u] + tile[at + 288u]) + (tile[at + 320u] + tile[at + 352u]);
        sum += (tile[at + 384u] + tile[at + 416u]) + (tile[at + 448u] + tile[at + 480u]);
        // Halved: a sum of millions would say nothing about whether it is right.
        total = 0.5 * total + sum;
    }
    keep(id.x, total);
}
