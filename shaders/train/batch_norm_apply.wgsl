// uses: shared/train.wgsl shared/normal.wgsl
// Batch-norm by the statistics of the batch.

@group(0) @binding(4) var<storage, read> numbers: array<vec4f>;   // [C/4, gamma and beta]
@group(0) @binding(5) var<storage, read_write> dst: array<real4>; // as x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let plane = in_plane();
    if id.x >= plane {
        return;
    }
    let by = normal(id.y);
    let v = (x_at(id.y, id.x) - by.mean) * by.inverse;
    dst[(params.dst_block + id.y) * plane + id.x] = real4(v * numbers[2u * id.y] + numbers[2u * id.y + 1u]);
}
