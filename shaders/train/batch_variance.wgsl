// uses: shared/train.wgsl shared/reduce.wgsl
// Variance of each channel about its mean, over all pictures. A workgroup a block.

@group(0) @binding(1) var<storage, read> x: array<real4>;         // [C/4, pictures, IH, IW]
@group(0) @binding(2) var<storage, read> mean: array<real4>;      // [C/4]
@group(0) @binding(3) var<storage, read_write> dst: array<real4>; // [C/4]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) li: u32) {
    let plane = in_plane();
    let base = (params.src_block.x + group.y) * plane;
    let middle = vec4f(mean[params.src_block.y + group.y]);
    var sum = vec4f(0.0);
    for (var first = li; first < plane; first += ROUND) {
        var part = vec4f(0.0);
        let end = min(first + ROUND, plane);
        for (var i = first; i < end; i += THREADS) {
            let off = vec4f(x[base + i]) - middle;
            part += off * off;
        }
        sum += part;
    }
    let all = reduce(li, sum);
    if li == 0u {
        dst[params.dst_block + group.y] = real4(all * params.scale);
    }
}
