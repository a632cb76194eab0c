// Picture to network input: bilinear resampling onto the canvas, grey where there is no picture. The two samplers
// and where they come from are told in kernels::letterbox.

struct Params {
    image: vec2u,      // size of the picture, in pixels
    canvas: vec2u,     // size of the network's input
    resized: vec2u,    // size of the picture on the canvas
    offset: vec2u,     // its left upper corner there
    step: vec2f,       // picture pixels per canvas pixel; negative where left is right
    fill: f32,
    align_corners: u32,
    dst_plane: u32,
    grey: u32,         // 1: one channel, of greys
    start: vec2f,      // where its first pixel there lies on the picture, if corners are not aligned
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var picture: texture_2d<f32>;                // [H, W] RGBA
@group(0) @binding(2) var<storage, read_write> dst: array<real4>;  // [1, pictures, CH, CW]: red, green, blue, 0; or grey, 0, 0, 0

fn at(x: i32, y: i32) -> vec3f {
    let last = vec2i(params.image) - 1;
    let rgb = textureLoad(picture, clamp(vec2i(x, y), vec2i(0), last), 0).rgb;
    if params.grey == 0u {
        return rgb;
    }
    // In whole numbers, as the bytes of the picture.
    return vec3f(floor(dot(round(rgb * 255.0), vec3f(77.0, 150.0, 29.0)) / 256.0) / 255.0, 0.0, 0.0);
}

// Darknet's resize_image: corner pixels aligned. The last column is copied; the last row has no second tap.
fn aligned(p: vec2u) -> vec3f {
    let s = vec2f(p) * params.step;
    let y = i32(s.y);
    let dy = s.y - f32(y);
    var v = (1.0 - dy) * aligned_row(p.x, s.x, y);
    if p.y != params.resized.y - 1u && params.image.y != 1u {
        v += dy * aligned_row(p.x, s.x, y + 1);
    }
    return v;
}

fn aligned_row(column: u32, sx: f32, y: i32) -> vec3f {
    if column == params.resized.x - 1u || params.image.x == 1u {
        return at(i32(params.image.x) - 1, y);
    }
    let x = i32(sx);
    let dx = sx - f32(x);
    return (1.0 - dx) * at(x, y) + dx * at(x + 1, y);
}

// Between the four pixels around a place, edges repeated.
fn bilinear(p: vec2u) -> vec3f {
    let s = params.start + vec2f(p) * params.step;
    let f = floor(s);
    let d = s - f;
    let x = i32(f.x);
    let y = i32(f.y);
    let top = at(x, y) * (1.0 - d.x) + at(x + 1, y) * d.x;
    let bottom = at(x, y + 1) * (1.0 - d.x) + at(x + 1, y + 1) * d.x;
    return top * (1.0 - d.y) + bottom * d.y;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.canvas.x || id.y >= params.canvas.y {
        return;
    }
    var v = vec3f(params.fill);
    if params.grey != 0u {
        v = vec3f(params.fill, 0.0, 0.0);
    }
    if all(id.xy >= params.offset) && all(id.xy < params.offset + params.resized) {
        let p = id.xy - params.offset;
        if params.align_corners != 0u {
            v = aligned(p);
        } else {
            v = bilinear(p);
        }
    }
    dst[(params.dst_plane * params.canvas.y + id.y) * params.canvas.x + id.x] = real4(vec4f(v, 0.0));
}
