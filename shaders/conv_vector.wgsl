// uses: shared/activation.wgsl shared/conv.wgsl shared/taps.wgsl
// Convolution to very few pixels, as behind a global pool: too few of them for lanes to stand side by side along. Here they stand
// along the inputs, and a workgroup sums one block of four output channels of one pixel.

@group(0) @binding(5) var<storage, read> weights: array<real4x4>; // [OC/4, SIZE * SIZE, IC/4], a column per input

const THREADS = 32u;
var<workgroup> sh_sums: array<vec4f, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let spot = spot(group.x);
    var sum = vec4f(0.0);
    for (var k = 0u; k < SIZE * SIZE; k++) {
        let t = find(spot, k / SIZE, k % SIZE);
        if t.inside {
            let w = (group.y * SIZE * SIZE + k) * params.ic4;
            for (var c = lane; c < params.ic4; c += THREADS) {
                sum += mat4x4f(weights[w + c]) * load_block(c, t.pixel);
            }
        }
    }
    sh_sums[lane] = sum;
    workgroupBarrier();
    if lane == 0u {
        for (var other = 1u; other < THREADS; other++) {
            sum += sh_sums[other];
        }
        store_block(group.y, group.x, sum);
    }
}
