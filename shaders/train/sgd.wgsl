// A step of gradient descent with momentum and decay, in Darknet's order, over a stretch of an arena.

struct Params {
    vectors: u32,
    row: u32,        // invocations of a row of workgroups
    rate: f32,       // of one picture: the learning rate over the pictures of a step
    momentum: f32,
    decay: f32,      // of the pictures of a step together
    _pad0: u32,
    _pad1: u32,
    _pad2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> numbers: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> velocity: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let n = id.y * params.row + id.x;
    if n >= params.vectors {
        return;
    }
    let update = velocity[n] - gradient[n] - params.decay * numbers[n];
    numbers[n] += params.rate * update;
    velocity[n] = params.momentum * update;
}
