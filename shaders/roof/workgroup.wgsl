// Nothing but reads of workgroup memory, neighbours from neighbours.

override ROUNDS: u32 = 64u;

@group(0) @binding(0) var<storage, read> src: array<real4>;       // 256 vectors
@group(0) @binding(1) var<storage, read_write> dst: array<real4>; // one vector per invocation

var<workgroup> tile: array<vec4f, 256>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) index: u32) {
    for (var i = index; i < 256u; i += 64u) {
        tile[i] = vec4f(src[i]);
    }
    workgroupBarrier();
    var sum = vec4f(0.0);
    for (var round = 0u; round < ROUNDS; round++) {
        for (var i = 0u; i < 16u; i++) {
            sum += tile[(index + round * 16u + i) % 256u];
        }
    }
    dst[id.x] = real4(sum);
}
