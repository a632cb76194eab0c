// uses: shared/planes.wgsl
// Global average pool: the mean of each picture in each plane, one workgroup each.

@group(0) @binding(1) var<storage, read> src: array<real4>;       // [C/4, IH, IW]
@group(0) @binding(2) var<storage, read_write> dst: array<real4>; // [C/4, pictures, 1, 1]

const THREADS = 64u;
var<workgroup> sh_sum: array<vec4f, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) li: u32) {
    let pixels = params.ih * params.iw;
    let base = ((params.src_block + group.y) * params.pictures + group.x) * pixels;
    var sum = vec4f(0.0);
    for (var i = li; i < pixels; i += THREADS) {
        sum += vec4f(src[base + i]);
    }
    sh_sum[li] = sum;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if li < half {
            sh_sum[li] += sh_sum[li + half];
        }
        workgroupBarrier();
    }
    if li == 0u {
        dst[(params.dst_block + group.y) * params.pictures + group.x] = real4(sh_sum[0] / f32(pixels));
    }
}
