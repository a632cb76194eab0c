// uses: shared/boxes.wgsl draw/letters.wgsl
// Kept boxes to rectangles with a label, straight from the buffer that NMS wrote: every box has `quads` instances, four
// edges, a plate and its letters; those it does not need are of no size. The last instances lie on top: the best box.

struct Kept {
    count: u32,
    _pad: array<u32, 7>,
    list: array<Candidate>,
}

struct Order {
    count: u32,
    list: array<u32>,   // places in `kept`, best first
}

struct View {
    offset: vec2f,      // left upper corner of the picture on the network's canvas, as fractions of it
    extent: vec2f,      // size of the picture there
    origin: vec2f,      // left upper corner of the picture on the target, in pixels
    size: vec2f,        // its size there
    whole: vec2f,       // size of the target
    line: f32,          // width of an edge
    text: f32,          // height of a line of text
    quads: u32,         // instances per box
    mirror: u32,        // 1: left and right exchanged
    _pad: vec2u,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<storage, read> kept: Kept;
@group(0) @binding(2) var<storage, read> order: Order;
@group(0) @binding(5) var atlas: texture_2d<f32>;

const PAD = vec2f(2.0, 1.0);

struct Corner {
    @builtin(position) position: vec4f,
    @location(0) texel: vec2f,
    @location(1) @interpolate(flat) colour: vec4f,   // w: 1 for a letter, 0 for a plain quad
}

// Left, top, right, bottom on the target, in whole pixels.
fn bounds(c: Candidate) -> vec4f {
    let low = (vec2f(c.x, c.y) - 0.5 * vec2f(c.w, c.h) - view.offset) / view.extent;
    let high = (vec2f(c.x, c.y) + 0.5 * vec2f(c.w, c.h) - view.offset) / view.extent;
    var a = clamp(low, vec2f(0.0), vec2f(1.0));
    var b = clamp(high, vec2f(0.0), vec2f(1.0));
    if view.mirror != 0u {
        let left = 1.0 - b.x;
        b.x = 1.0 - a.x;
        a.x = left;
    }
    return round(vec4f(view.origin + a * view.size, view.origin + b * view.size));
}

fn corner(rect: vec4f, texel: vec4f, colour: vec4f, vertex: u32) -> Corner {
    let at = vec2f(f32(vertex & 1u), f32(vertex >> 1u));
    let p = mix(rect.xy, rect.zw, at);
    let clip = p / view.whole * 2.0 - 1.0;
    return Corner(vec4f(clip.x, -clip.y, 0.0, 1.0), texel.xy + texel.zw * at, colour);
}

fn none() -> Corner {
    return corner(vec4f(0.0), vec4f(0.0), vec4f(0.0), 0u);
}

@vertex
fn vertex(@builtin(instance_index) instance: u32, @builtin(vertex_index) index: u32) -> Corner {
    // Two triangles: 0 1 2, 2 1 3.
    let vertex = array(0u, 1u, 2u, 2u, 1u, 3u)[index];
    let number = instance / view.quads;
    let quad = instance % view.quads;
    if number >= order.count {
        return none();
    }
    let c = kept.list[order.list[order.count - 1u - number]];
    let label = labels[c.label];
    let b = bounds(c);
    let line = min(vec2f(view.line), max(b.zw - b.xy, vec2f(1.0)));
    let plain = vec4f(label.colour.rgb, 0.0);
    switch quad {
        case 0u: { return corner(vec4f(b.x, b.y, b.z, b.y + line.y), vec4f(0.0), plain, vertex); }
        case 1u: { return corner(vec4f(b.x, b.w - line.y, b.z, b.w), vec4f(0.0), plain, vertex); }
        case 2u: { return corner(vec4f(b.x, b.y, b.x + line.x, b.w), vec4f(0.0), plain, vertex); }
        case 3u: { return corner(vec4f(b.z - line.x, b.y, b.z, b.w), vec4f(0.0), plain, vertex); }
        default: {}
    }

    let text = text_of(label, u32(round(c.score * 100.0)), c.track);
    let width = ceil(text.width) + 2.0 * PAD.x;
    let height = view.text + 2.0 * PAD.y;
    // Above the box; inside where there is no room above; never beyond the picture.
    let left = max(min(b.x, view.origin.x + view.size.x - width), view.origin.x);
    let top = select(max(b.y, view.origin.y), b.y - height, b.y - height >= view.origin.y);
    if quad == 4u {
        return corner(vec4f(left, top, left + width, top + height), vec4f(0.0), plain, vertex);
    }

    let placed = letter_of(label, text, quad - 5u);
    if placed.at == NO_LETTER {
        return none();
    }
    let letter = letters[placed.at];
    let low = vec2f(left, top) + PAD + vec2f(round(placed.pen), 0.0) + letter.place;
    return corner(vec4f(low, low + letter.texel.zw), letter.texel, vec4f(vec3f(label.colour.w), 1.0), vertex);
}

@fragment
fn fragment(corner: Corner) -> @location(0) vec4f {
    var cover = 1.0;
    if corner.colour.w != 0.0 {
        cover = textureLoad(atlas, vec2i(corner.texel), 0).r;
    }
    return vec4f(corner.colour.rgb, cover);
}
