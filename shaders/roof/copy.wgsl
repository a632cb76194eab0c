// From one storage buffer to another, a vector per invocation.

@group(0) @binding(0) var<storage, read> src: array<real4>;
@group(0) @binding(1) var<storage, read_write> dst: array<real4>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    dst[id.x] = src[id.x];
}
