// uses: shared/roof.wgsl
// Next to nothing: what a dispatch costs by itself.

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    if params.rounds == 0u {
        keep(id.x, vec4f(params.offset));
    }
}
