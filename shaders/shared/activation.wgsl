// The activations, numbered as kernels::activation::ActivationKind::code.

fn logistic(x: vec4f) -> vec4f {
    // Below -80 it stays at 2e-35 instead of going on towards 0: e^-x would overflow.
    return 1.0 / (1.0 + exp(min(-x, vec4f(80.0))));
}

// x * tanh(ln(1 + e^x)) with n = e^x (e^x + 2): tanh forms give NaN on several drivers. Always in f32: n reaches 2e17.
fn mish(x: vec4f) -> vec4f {
    let e = exp(min(x, vec4f(20.0)));
    let n = e * (e + 2.0);
    return x * (n / (n + 2.0));
}

fn activate(kind: u32, slope: f32, x: vec4f) -> vec4f {
    switch kind {
        case 1u: { return select(slope * x, x, x > vec4f(0.0)); }
        case 2u: { return max(x, vec4f(0.0)); }
        case 3u: { return clamp(x, vec4f(0.0), vec4f(6.0)); }
        case 4u: { return mish(x); }
        case 5u: { return x * logistic(x); }
        case 6u: { return logistic(x); }
        case 7u: { return select(select(vec4f(0.0), x * x * 0.5 + x, x > vec4f(-2.0)), x, x > vec4f(0.0)); }
        case 8u: { return select(exp(min(x, vec4f(0.0))) - 1.0, x, x > vec4f(0.0)); }
        default: { return x; }
    }
}
