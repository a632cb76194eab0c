// A step of AdamW (Loshchilov and Hutter) over a stretch of an arena: gradients' averages over the roots of their squares' averages, decay beside them.

struct Params {
    vectors: u32,
    row: u32,        // invocations of a row of workgroups
    rate: f32,
    odd_rate: f32,   // that of every second vector: of betas, which lie behind gammas
    momentum: f32,   // what is left of the average of gradients
    second: f32,     // what is left of the average of squares
    decay: f32,
    one: f32,        // of one picture: 1 over the pictures of a step
    first_whole: f32,  // 1 over how much of the averages there is by now
    second_whole: f32,
    least: f32,      // added to the root
    _pad: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> numbers: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(4) var<storage, read> norm: array<vec4f>;       // a factor for the gradients, their length, how many are no numbers
@group(0) @binding(5) var<storage, read_write> squares: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let n = id.y * params.row + id.x;
    if n >= params.vectors || norm[0].z > 0.0 {
        return;
    }
    let down = gradient[n] * (norm[0].x * params.one);
    let first = velocity[n] + (1.0 - params.momentum) * (down - velocity[n]);
    let second = squares[n] + (1.0 - params.second) * (down * down - squares[n]);
    velocity[n] = first;
    squares[n] = second;
    let step = first * params.first_whole / (sqrt(second * params.second_whole) + vec4f(params.least));
    let rate = select(params.rate, params.odd_rate, (n & 1u) == 1u);
    numbers[n] -= rate * (step + params.decay * numbers[n]);
}
