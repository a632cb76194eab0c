// uses: shared/reduce.wgsl
// Of a stretch of the gradients the sum of squares, and how many are no numbers. A workgroup a share.

struct Params {
    vectors: u32,
    share: u32,      // vectors of a workgroup
    first: u32,      // of the sums, that of the first workgroup
    _pad: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) li: u32) {
    let end = min((group.x + 1u) * params.share, params.vectors);
    var squares = 0.0;
    var odd = 0u;
    for (var n = group.x * params.share + li; n < end; n += THREADS) {
        let value = gradient[n];
        // By its bits: compilers may take it that there is nothing but numbers.
        let wrong = (bitcast<vec4u>(value) & vec4u(0x7f800000u)) == vec4u(0x7f800000u);
        let counted = select(vec4u(0u), vec4u(1u), wrong);
        odd += counted.x + counted.y + counted.z + counted.w;
        let good = select(value, vec4f(0.0), wrong);
        squares += dot(good, good);
    }
    let all = reduce(li, vec4f(squares, f32(odd), 0.0, 0.0));
    if li == 0u {
        sums[params.first + group.x] = all;
    }
}
