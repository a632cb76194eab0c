// uses: shared/train.wgsl shared/normal.wgsl
// Gradient of what batch-norm reads, with what that does to mean and variance. The scale is one over the numbers of a channel.

@group(0) @binding(4) var<storage, read> dy: array<real4>;        // as x
@group(0) @binding(5) var<storage, read> sums: array<real4>;      // [C/4, gamma's and beta's gradient]
@group(0) @binding(6) var<storage, read> numbers: array<vec4f>;   // [C/4, gamma and beta]
@group(0) @binding(7) var<storage, read_write> dst: array<real4>; // as x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = in_plane();
    if id.x >= plane {
        return;
    }
    let by = normal(id.y);
    let v = (x_at(id.y, id.x) - by.mean) * by.inverse;
    let at = 2u * (params.last_block + id.y);
    let above = vec4f(dy[(params.src_block.w + id.y) * plane + id.x]);
    let rest = above - params.scale * (vec4f(sums[at + 1u]) + v * vec4f(sums[at]));
    dst[(params.dst_block + id.y) * plane + id.x] = real4(numbers[2u * id.y] * by.inverse * rest);
}
