// uses: shared/train.wgsl
// Batch-norm by its running statistics, where they are not trained: a factor and an addend a channel.

@group(0) @binding(1) var<storage, read> x: array<real4>;         // [C/4, pictures, IH, IW]
@group(0) @binding(2) var<storage, read> numbers: array<vec4f>;   // [C/4, factor and addend]
@group(0) @binding(3) var<storage, read_write> dst: array<real4>; // as x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = in_plane();
    if id.x >= plane {
        return;
    }
    let v = vec4f(x[(params.src_block.x + id.y) * plane + id.x]);
    dst[(params.dst_block + id.y) * plane + id.x] = real4(v * numbers[2u * id.y] + numbers[2u * id.y + 1u]);
}
