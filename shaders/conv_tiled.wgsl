// uses: shared/activation.wgsl shared/conv.wgsl shared/taps.wgsl
// Implicit GEMM through workgroup memory: a tile of 64 output channels by 32 pixels per workgroup, 8 channels by
// 4 pixels per invocation. The sum runs over (tap, input block), four steps between barriers.

@group(0) @binding(5) var<storage, read> weights: array<real4>;   // [batch, OC/16, SIZE * SIZE, IC/4, 4 blocks, 4 inputs]

const DEPTH = 4u;        // steps of the sum between barriers
const TILE_PIXELS = 32u;
const TILE_BLOCKS = 16u; // output blocks of four channels: four weight tiles

var<workgroup> sh_src: array<vec4f, 128>;     // [DEPTH, TILE_PIXELS]
var<workgroup> sh_weights: array<vec4f, 256>; // [4 weight tiles, DEPTH, 4 blocks, 4 inputs]

// One input block of one output pixel under step `step` of the sum, `first` blocks on; 0 outside the picture and past
// the end of the sum. It loads whatever comes of it: loads that nothing decides about are under way at once.
fn load_step(first: u32, step: u32, spot: Spot) -> vec4f {
    let last = SIZE * SIZE * params.ic4 - 1u;
    let known = min(step, last);
    let k = known / params.ic4;
    let t = find(spot, k / SIZE, k % SIZE);
    let v = load_block(first + known % params.ic4, t.pixel);
    return select(vec4f(0.0), v, t.inside && step <= last);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) li: u32) {
    let steps = SIZE * SIZE * params.ic4;
    let first_pixel = group.x * TILE_PIXELS;
    let blocks = (params.oc + 3u) / 4u;
    let tiles = (params.oc + 15u) / 16u;
    // What this invocation brings: always the same pixel, every other step; one of 64 weights of every tile.
    let mine = li % TILE_PIXELS;
    let spot = spot(min(first_pixel + mine, out_plane() - 1u));
    var acc: array<vec4f, 8>; // [2 blocks, 4 pixels]
    for (var start = 0u; start < steps; start += DEPTH) {
        for (var round = 0u; round < DEPTH * TILE_PIXELS / 64u; round++) {
            let d = round * (64u / TILE_PIXELS) + li / TILE_PIXELS;
            sh_src[d * TILE_PIXELS + mine] = load_step(group.z * params.src_batch, start + d, spot);
        }
        // Any numbers do past the end: they are multiplied by the zeros above, or not stored.
        let step = min(start + li / 16u, steps - 1u);
        for (var round = 0u; round < TILE_BLOCKS / 4u; round++) {
            let tile = min(group.y * 4u + round, tiles - 1u);
            sh_weights[round * 64u + li] = vec4f(weights[group.z * params.weights_batch + (tile * steps + step) * 16u + li % 16u]);
        }
        workgroupBarrier();
        for (var d = 0u; d < DEPTH; d++) {
            // Blocks 2y and 2y + 1 of the tile: weight tile y / 2, blocks 2 (y % 2) and the next.
            let w = (local.y / 2u * DEPTH + d) * 16u + local.y % 2u * 8u;
            let m0 = mat4x4f(sh_weights[w], sh_weights[w + 1u], sh_weights[w + 2u], sh_weights[w + 3u]);
            let m1 = mat4x4f(sh_weights[w + 4u], sh_weights[w + 5u], sh_weights[w + 6u], sh_weights[w + 7u]);
            for (var p = 0u; p < 4u; p++) {
                let v = sh_src[d * TILE_PIXELS + p * 8u + local.x];
                acc[p] += m0 * v;
                acc[4u + p] += m1 * v;
            }
        }
        workgroupBarrier();
    }
    for (var b = 0u; b < 2u; b++) {
        let o = group.y * TILE_BLOCKS + local.y * 2u + b;
        for (var p = 0u; p < 4u; p++) {
            let pixel = first_pixel + p * 8u + local.x;
            if o < blocks && pixel < out_plane() {
                store_block(group.z * params.dst_batch + o, pixel, acc[b * 4u + p]);
            }
        }
    }
}
