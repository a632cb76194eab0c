// uses: shared/planes.wgsl
// Copies channels of one value into another, at any channel offsets: the concat and the split of last resort. One
// invocation owns one destination block, keeps the lanes that are not its business and replaces the others.

override FROM: u32 = 0u;   // first channel read
override TO: u32 = 0u;     // first channel written
override COUNT: u32 = 4u;

@group(0) @binding(1) var<storage, read> src: array<real4>;       // [FROM + COUNT or more channels, H, W]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>; // [TO + COUNT or more channels, H, W]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let pixels = out_plane();
    if id.x >= pixels {
        return;
    }
    let block = TO / 4u + id.y;
    let at = (params.dst_block + block) * pixels + id.x;
    var v = dst[at];
    for (var lane = 0u; lane < 4u; lane++) {
        let c = block * 4u + lane;
        if c >= TO && c < TO + COUNT {
            let k = c - TO + FROM;
            v[lane] = src[(params.src_block + k / 4u) * pixels + id.x][k % 4u];
        }
    }
    dst[at] = v;
}
