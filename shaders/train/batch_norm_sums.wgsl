// uses: shared/train.wgsl shared/reduce.wgsl shared/normal.wgsl
// Gradients of gamma and beta: for each channel the sum of dy times the normal x, and of dy. A workgroup a block.

@group(0) @binding(4) var<storage, read> dy: array<real4>;        // as x
@group(0) @binding(5) var<storage, read_write> dst: array<real4>; // [C/4, gamma's and beta's]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) li: u32) {
    let plane = in_plane();
    let base = (params.src_block.w + group.y) * plane;
    let by = normal(group.y);
    var gamma = vec4f(0.0);
    var beta = vec4f(0.0);
    for (var first = li; first < plane; first += ROUND) {
        var part_gamma = vec4f(0.0);
        var part_beta = vec4f(0.0);
        let end = min(first + ROUND, plane);
        for (var i = first; i < end; i += THREADS) {
            let above = vec4f(dy[base + i]);
            part_gamma += above * ((x_at(group.y, i) - by.mean) * by.inverse);
            part_beta += above;
        }
        gamma += part_gamma;
        beta += part_beta;
    }
    let all_gamma = reduce(li, gamma);
    let all_beta = reduce(li, beta);
    if li == 0u {
        let at = 2u * (params.dst_block + group.y);
        dst[at] = real4(all_gamma);
        dst[at + 1u] = real4(all_beta);
    }
}
