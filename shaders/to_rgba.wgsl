// Frame of a video to RGB: three components wherever they lie among the bytes, chroma interpolated at the pixel from
// its four neighbours, then one affine map. Layouts and matrices are told in kernels::to_rgba.

struct Params {
    size: vec2u,       // columns and rows of the frame
    chroma: vec2u,     // of its chroma
    first: vec4u,      // of the first component: first byte, bytes from row to row, bytes from sample to sample
    second: vec4u,
    third: vec4u,
    red: vec4f,        // from the components, 0 to 255, and 1
    green: vec4f,
    blue: vec4f,
    scale: vec2f,      // chroma samples per pixel
    shift: vec2f,      // place of pixel 0 among them
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> samples: array<u32>;               // bytes, four to a word, lowest first
@group(0) @binding(2) var dst: texture_storage_2d<rgba8unorm, write>;       // [H, W]

fn sample(plane: vec4u, x: u32, y: u32) -> f32 {
    let at = plane.x + y * plane.y + x * plane.z;
    return f32((samples[at / 4u] >> (at % 4u * 8u)) & 0xffu);
}

fn chroma_at(p: vec2u) -> vec2f {
    let c = vec2f(p) * params.scale + params.shift;
    let base = floor(c);
    let d = c - base;
    let last = vec2i(params.chroma) - 1;
    let low = vec2u(clamp(vec2i(base), vec2i(0), last));
    let high = vec2u(clamp(vec2i(base) + 1, vec2i(0), last));
    return vec2f(between(params.second, low, high, d), between(params.third, low, high, d));
}

fn between(plane: vec4u, low: vec2u, high: vec2u, d: vec2f) -> f32 {
    let top = sample(plane, low.x, low.y) * (1.0 - d.x) + sample(plane, high.x, low.y) * d.x;
    let bottom = sample(plane, low.x, high.y) * (1.0 - d.x) + sample(plane, high.x, high.y) * d.x;
    return top * (1.0 - d.y) + bottom * d.y;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.size.x || id.y >= params.size.y {
        return;
    }
    let v = vec4f(sample(params.first, id.x, id.y), chroma_at(id.xy), 1.0);
    let rgb = vec3f(dot(params.red, v), dot(params.green, v), dot(params.blue, v));
    textureStore(dst, id.xy, vec4f(clamp(rgb, vec3f(0.0), vec3f(1.0)), 1.0));
}
