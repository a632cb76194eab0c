// Running statistics follow those of a batch, by a share of the way.

struct Params {
    blocks: u32,
    first: u32,      // block of the batch's statistics in their buffer
    share: f32,
    factor: f32,     // of what the batch has: N / (N - 1) of a variance
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> batch: array<real4>;
@group(0) @binding(2) var<storage, read_write> running: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.blocks {
        return;
    }
    let now = params.factor * vec4f(batch[params.first + id.x]);
    running[id.x] += params.share * (now - running[id.x]);
}
