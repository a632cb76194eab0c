// Numbers follow others by a share of the way: running statistics those of a batch, averaged numbers those in training.

struct Params {
    vectors: u32,
    row: u32,        // invocations of a row of workgroups
    first: u32,      // vector of the others that the first one follows
    share: f32,
    factor: f32,     // of the others: N / (N - 1) of a batch's variance
    _pad0: u32,
    _pad1: u32,
    _pad2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> others: array<real4>;
@group(0) @binding(2) var<storage, read_write> own: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let n = id.y * params.row + id.x;
    if n >= params.vectors {
        return;
    }
    let now = params.factor * vec4f(others[params.first + n]);
    own[n] += params.share * (now - own[n]);
}
