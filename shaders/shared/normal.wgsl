// Batch-norm by the batch: x, its mean and its variance, gamma and beta.

override EPS: f32 = 1e-5;

@group(0) @binding(1) var<storage, read> x: array<real4>;         // [C/4, pictures, IH, IW]
@group(0) @binding(2) var<storage, read> mean: array<real4>;      // [C/4]
@group(0) @binding(3) var<storage, read> variance: array<real4>;  // [C/4]

// What all pixels of a block have in common.
struct Normal {
    mean: vec4f,
    inverse: vec4f, // 1 / sqrt(variance + eps)
}

fn normal(block: u32) -> Normal {
    let v = vec4f(variance[params.src_block.z + block]);
    return Normal(vec4f(mean[params.src_block.y + block]), 1.0 / sqrt(v + EPS));
}

fn x_at(block: u32, pixel: u32) -> vec4f {
    return vec4f(x[(params.src_block.x + block) * in_plane() + pixel]);
}
