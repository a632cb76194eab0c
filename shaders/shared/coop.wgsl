// The body of `conv_coop8` and `conv_coop16`, which say how large a fragment is. Implicit GEMM through workgroup
// memory: a tile of 4 x 4 fragments of the output per workgroup, of which each of four subgroups has 2 x 2, summed in
// f32. The fragments have names, as an array of them might end up in memory.

@group(0) @binding(5) var<storage, read> weights: array<real4>; // [batch, OC/TILE, SIZE * SIZE, IC/4, TILE/4 blocks, 4 inputs]

override INVOCATIONS: u32 = 128u; // four subgroups; a multiple of TILE

const TILE = 4u * SIDE;              // output channels, and output pixels, per workgroup
const DEPTH = 4u * SIDE / REAL_BYTES; // input channels between barriers
const STEPS = DEPTH / 4u;
// Rows are longer than what is in them, so that neighbours do not lie in the same banks.
const SRC_ROW = DEPTH + 8u;
const WEIGHTS_ROW = TILE + 8u;
const SUMS_ROW = SIDE + 4u;

var<workgroup> sh_src: array<real, TILE * SRC_ROW>;          // [TILE pixels, DEPTH inputs]
var<workgroup> sh_weights: array<real, DEPTH * WEIGHTS_ROW>; // [DEPTH inputs, TILE outputs]
var<workgroup> sh_sums: array<f32, 4u * SIDE * SUMS_ROW>;    // [4 subgroups, SIDE pixels, SIDE outputs]

// One fragment of each subgroup, `down` and `right` in its quarter of the tile, out of `sh_sums` to where it belongs.
fn store_fragments(group: vec3u, li: u32, down: u32, right: u32) {
    workgroupBarrier();
    for (var i = li; i < SIDE * SIDE; i += INVOCATIONS) {
        let fragment = i / (SIDE * SIDE / 4u);
        let block = i / SIDE % (SIDE / 4u);
        let at = (fragment * SIDE + i % SIDE) * SUMS_ROW + block * 4u;
        let o = group.y * SIDE + (fragment / 2u * 2u + down) * SIDE / 4u + block;
        let pixel = group.x * TILE + (fragment % 2u * 2u + right) * SIDE + i % SIDE;
        if o < (params.oc + 3u) / 4u && pixel < out_plane() {
            let sum = vec4f(sh_sums[at], sh_sums[at + 1u], sh_sums[at + 2u], sh_sums[at + 3u]);
            store_block(group.z * params.dst_batch + o, pixel, sum);
        }
    }
    workgroupBarrier();
}

@compute @workgroup_size(INVOCATIONS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_index) li: u32,
    @builtin(subgroup_id) subgroup: u32,
) {
    // An invocation loads for one pixel of the tile only.
    let column = li % TILE;
    let pixel = group.x * TILE + column;
    let pixels = out_plane();
    let spot = spot(min(pixel, pixels - 1u));
    let panel = group.z * params.weights_batch + group.y * SIZE * SIZE * params.ic4 * TILE;
    // This subgroup's quarter of the tile.
    let first_row = subgroup / 2u * 2u * SIDE;
    let first_column = subgroup % 2u * 2u * SIDE;
    var c00 = MatrixC(); var c01 = MatrixC();
    var c10 = MatrixC(); var c11 = MatrixC();
    for (var k = 0u; k < SIZE * SIZE; k++) {
        let t = find(spot, k / SIZE, k % SIZE);
        let inside = t.inside && pixel < pixels;
        for (var start = 0u; start < params.ic4; start += STEPS) {
            for (var s = li / TILE; s < STEPS; s += INVOCATIONS / TILE) {
                var v = real4(0.0);
                if inside && start + s < params.ic4 {
                    v = real4(load_block(group.z * params.src_batch + start + s, t.pixel));
                }
                let at = column * SRC_ROW + s * 4u;
                sh_src[at] = v.x; sh_src[at + 1u] = v.y; sh_src[at + 2u] = v.z; sh_src[at + 3u] = v.w;
            }
            for (var i = li; i < STEPS * TILE; i += INVOCATIONS) {
                var w = real4(0.0);
                if start + i / TILE < params.ic4 {
                    w = weights[panel + (k * params.ic4 + start) * TILE + i];
                }
                let at = (i / TILE * 4u + i % 4u) * WEIGHTS_ROW + i % TILE / 4u * 4u;
                sh_weights[at] = w.x; sh_weights[at + 1u] = w.y; sh_weights[at + 2u] = w.z; sh_weights[at + 3u] = w.w;
            }
            workgroupBarrier();
            for (var d = 0u; d < DEPTH; d += SIDE) {
                let a0 = coopLoad<MatrixA>(&sh_weights[d * WEIGHTS_ROW + first_row], WEIGHTS_ROW);
                let a1 = coopLoad<MatrixA>(&sh_weights[d * WEIGHTS_ROW + first_row + SIDE], WEIGHTS_ROW);
                let b0 = coopLoad<MatrixB>(&sh_src[first_column * SRC_ROW + d], SRC_ROW);
                let b1 = coopLoad<MatrixB>(&sh_src[(first_column + SIDE) * SRC_ROW + d], SRC_ROW);
                c00 = coopMultiplyAdd(a0, b0, c00);
                c01 = coopMultiplyAdd(a0, b1, c01);
                c10 = coopMultiplyAdd(a1, b0, c10);
                c11 = coopMultiplyAdd(a1, b1, c11);
            }
            workgroupBarrier();
        }
    }
    let at = subgroup * SIDE * SUMS_ROW;
    coopStore(c00, &sh_sums[at], SUMS_ROW);
    store_fragments(group, li, 0u, 0u);
    coopStore(c01, &sh_sums[at], SUMS_ROW);
    store_fragments(group, li, 0u, 1u);
    coopStore(c10, &sh_sums[at], SUMS_ROW);
    store_fragments(group, li, 1u, 0u);
    coopStore(c11, &sh_sums[at], SUMS_ROW);
    store_fragments(group, li, 1u, 1u);
}
