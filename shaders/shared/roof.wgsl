// What every measuring kernel is told.
struct Params {
    rounds: u32, // turns of its loop, each a fixed amount of work
    stride: u32, // distance of the vectors that one invocation reads
    factor: f32, // numbers that the compiler cannot know
    offset: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> dst: array<vec4f>; // [256]

// Stores a result. Few are kept, but whether one is depends on its value: none can be left out by a compiler.
fn keep(invocation: u32, value: vec4f) {
    if invocation < arrayLength(&dst) || value.x == -12345.0 {
        dst[invocation % arrayLength(&dst)] = value;
    }
}
