// A step of gradient descent with momentum and decay, in Darknet's order, or with Nesterov's momentum, over a stretch of an arena.

struct Params {
    vectors: u32,
    row: u32,        // invocations of a row of workgroups
    rate: f32,       // of one picture: the learning rate over the pictures of a step
    odd_rate: f32,   // that of every second vector: of betas, which lie behind gammas
    momentum: f32,
    decay: f32,      // of the pictures of a step together
    ahead: f32,      // Nesterov's momentum: how much of itself a step goes beyond, 0 for none
    _pad: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> numbers: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(4) var<storage, read> norm: array<vec4f>;       // a factor for the gradients, their length, how many are no numbers

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let n = id.y * params.row + id.x;
    if n >= params.vectors || norm[0].z > 0.0 {
        return;
    }
    let update = velocity[n] - norm[0].x * gradient[n] - params.decay * numbers[n];
    // What is new of it once more, behind what comes next of all of it.
    let further = select(update, params.ahead * update + (update - velocity[n]), params.ahead > 0.0);
    numbers[n] += select(params.rate, params.odd_rate, (n & 1u) == 1u) * further;
    velocity[n] = params.momentum * update;
}
