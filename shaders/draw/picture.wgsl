// The frame onto its rectangle of the target: the viewport is set to that rectangle.

@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var smooth_sampler: sampler;
@group(0) @binding(2) var<uniform> mirror: vec4f;         // x: 1 exchanges left and right

struct Corner {
    @builtin(position) position: vec4f,
    @location(0) at: vec2f,
}

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> Corner {
    // One triangle around the whole viewport.
    let p = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
    return Corner(vec4f(p.x * 2.0 - 1.0, 1.0 - p.y * 2.0, 0.0, 1.0), vec2f(mix(p.x, 1.0 - p.x, mirror.x), p.y));
}

@fragment
fn fragment(corner: Corner) -> @location(0) vec4f {
    return vec4f(textureSample(picture, smooth_sampler, corner.at).rgb, 1.0);
}
