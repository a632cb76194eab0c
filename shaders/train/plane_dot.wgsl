// uses: shared/train.wgsl shared/reduce.wgsl
// Sum of the products of each plane of each picture: the gradient of a factor. A workgroup a picture and block.

@group(0) @binding(1) var<storage, read> a: array<real4>;         // [C/4, pictures, IH, IW]
@group(0) @binding(2) var<storage, read> b: array<real4>;         // [C/4, pictures, IH, IW]
@group(0) @binding(3) var<storage, read_write> dst: array<real4>; // [C/4, pictures, 1, 1]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) li: u32) {
    let pixels = params.ih * params.iw;
    let base_a = ((params.src_block.x + group.y) * params.pictures + group.x) * pixels;
    let base_b = ((params.src_block.y + group.y) * params.pictures + group.x) * pixels;
    var sum = vec4f(0.0);
    for (var first = li; first < pixels; first += ROUND) {
        var part = vec4f(0.0);
        let end = min(first + ROUND, pixels);
        for (var i = first; i < end; i += THREADS) {
            part += vec4f(a[base_a + i]) * vec4f(b[base_b + i]);
        }
        sum += part;
    }
    let all = reduce(li, sum);
    if li == 0u {
        dst[(params.dst_block + group.y) * params.pictures + group.x] = real4(all);
    }
}
