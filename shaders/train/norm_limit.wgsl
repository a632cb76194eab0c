// uses: shared/reduce.wgsl
// The length of all gradients from the sums of their shares, and what they are to be multiplied with so that it is no longer than is allowed.

struct Params {
    shares: u32,
    limit: f32,      // 0 for none
    _pad0: u32,
    _pad1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> norm: array<vec4f>;

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) li: u32) {
    var own = vec4f(0.0);
    for (var n = li; n < params.shares; n += THREADS) {
        own += sums[n];
    }
    let all = reduce(li, own);
    if li == 0u {
        let length = sqrt(all.x);
        let factor = select(1.0, params.limit / length, params.limit > 0.0 && length > params.limit);
        // A length beyond what 32 bits hold is none.
        let endless = (bitcast<u32>(all.x) & 0x7f800000u) == 0x7f800000u;
        norm[0] = vec4f(factor, length, all.y + select(0.0, 1.0, endless), 0.0);
    }
}
