// Gradients of mini-batches put together.

override FIRST: bool = false; // the first of a step: whatever was there is of another

struct Params {
    vectors: u32,
    row: u32,        // invocations of a row of workgroups
    _pad0: u32,
    _pad1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let n = id.y * params.row + id.x;
    if n >= params.vectors {
        return;
    }
    var sum = gradient[n];
    if !FIRST {
        sum += sums[n];
    }
    sums[n] = sum;
}
