// Rectangles and letters that the host laid out: the HUD, the help, trails.

@group(0) @binding(0) var<uniform> target_size: vec4f;    // columns and rows of the target, 0, 0
@group(0) @binding(1) var atlas: texture_2d<f32>;

struct Quad {
    @location(0) rect: vec4f,      // left, top, right, bottom in pixels
    @location(1) texel: vec4f,     // left, top, width, height in the atlas; no width: plain
    @location(2) colour: vec4f,
}

struct Corner {
    @builtin(position) position: vec4f,
    @location(0) texel: vec2f,
    @location(1) @interpolate(flat) colour: vec4f,
    @location(2) @interpolate(flat) letter: u32,
}

@vertex
fn vertex(quad: Quad, @builtin(vertex_index) index: u32) -> Corner {
    let vertex = array(0u, 1u, 2u, 2u, 1u, 3u)[index];
    let at = vec2f(f32(vertex & 1u), f32(vertex >> 1u));
    let clip = mix(quad.rect.xy, quad.rect.zw, at) / target_size.xy * 2.0 - 1.0;
    let position = vec4f(clip.x, -clip.y, 0.0, 1.0);
    return Corner(position, quad.texel.xy + quad.texel.zw * at, quad.colour, select(0u, 1u, quad.texel.z > 0.0));
}

@fragment
fn fragment(corner: Corner) -> @location(0) vec4f {
    var alpha = corner.colour.a;
    if corner.letter != 0u {
        alpha *= textureLoad(atlas, vec2i(corner.texel), 0).r;
    }
    return vec4f(corner.colour.rgb, alpha);
}
