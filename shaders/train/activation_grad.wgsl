// uses: shared/activation.wgsl shared/train.wgsl
// Gradient of an activation: that above, times the slope at what the activation read; at a kink that of the side below.

override ACTIVATION: u32 = 0u;
override SLOPE: f32 = 0.1;

@group(0) @binding(1) var<storage, read> x: array<real4>;         // [C/4, pictures, IH, IW]
@group(0) @binding(2) var<storage, read> dy: array<real4>;        // as x
@group(0) @binding(3) var<storage, read_write> dst: array<real4>; // as x

// 1 above a kink, `low` below.
fn beyond(x: vec4f, kink: f32, low: vec4f) -> vec4f {
    return select(low, vec4f(1.0), x > vec4f(kink));
}

// x * tanh(ln(1 + e^x)) once more: with t = n / (n + 2), 1 - t^2 is 4 (n + 1) / (n + 2)^2, which no large n cancels.
fn mish_slope(x: vec4f) -> vec4f {
    let e = exp(min(x, vec4f(20.0)));
    let n = e * (e + 2.0);
    let t = n / (n + 2.0);
    return t + x * logistic(x) * (4.0 * ((n + 1.0) / (n + 2.0)) / (n + 2.0));
}

fn slope_at(x: vec4f) -> vec4f {
    switch ACTIVATION {
        case 1u: { return beyond(x, 0.0, vec4f(SLOPE)); }
        case 2u: { return beyond(x, 0.0, vec4f(0.0)); }
        case 3u: { return select(vec4f(0.0), vec4f(1.0), (x > vec4f(0.0)) & (x <= vec4f(6.0))); }
        case 4u: { return mish_slope(x); }
        case 5u: { let y = logistic(x); return y + x * y * (1.0 - y); }
        case 6u: { let y = logistic(x); return y * (1.0 - y); }
        case 7u: { return beyond(x, 0.0, select(vec4f(0.0), x + 1.0, x > vec4f(-2.0))); }
        case 8u: { return beyond(x, 0.0, exp(min(x, vec4f(0.0)))); }
        default: { return vec4f(1.0); }
    }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = in_plane();
    if id.x >= plane {
        return;
    }
    let v = vec4f(x[(params.src_block.x + id.y) * plane + id.x]);
    let above = vec4f(dy[(params.src_block.y + id.y) * plane + id.x]);
    dst[(params.dst_block + id.y) * plane + id.x] = real4(above * slope_at(v));
}
