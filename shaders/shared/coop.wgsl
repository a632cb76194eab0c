// The body of `conv_coop8` and `conv_coop16`, which say how large a fragment is. Implicit GEMM through workgroup
// memory: a tile of 4 x 4 fragments of the output per workgroup, of which each of four subgroups has 2 x 2, summed in
// f32. The fragments have names, as an array of them might end up in memory. With SPLIT above 1 workgroups share the sum, each
// its part of the input channels.

@group(0) @binding(5) var<storage, read> weights: array<real4>; // [batch, OC/TILE, SIZE * SIZE, IC/4, TILE outputs], of four inputs

// Four of the largest subgroups that there may be; a multiple of TILE. Where they are smaller there are more of them, and the fifth
// does what the first does, and so on: the same work in the same order, stored as the same numbers.
override INVOCATIONS: u32 = 128u;
override SPLIT: u32 = 1u; // parts of the sum; the output is one value for each

const TILE = 4u * SIDE;              // output channels, and output pixels, per workgroup
const DEPTH = 4u * SIDE / REAL_BYTES; // input channels between barriers
const STEPS = DEPTH / 4u;
const VECTORS = STEPS * TILE;         // of four inputs, of one pixel or one output
// Rows are 16 bytes longer than what is in them, so that neighbours do not lie in the same banks.
const ROW = DEPTH + 16u / REAL_BYTES;
const SUMS_ROW = SIDE + 4u;

var<workgroup> sh_src: array<real, TILE * ROW>;           // [TILE pixels, DEPTH inputs]
var<workgroup> sh_weights: array<real, TILE * ROW>;       // [TILE outputs, DEPTH inputs]
var<workgroup> sh_sums: array<f32, 4u * SIDE * SUMS_ROW>; // [4 subgroups, SIDE pixels, SIDE outputs]

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
    // An invocation loads for one pixel of the tile only, and for one output.
    let mine = li % TILE;
    let spot = spot(min(group.x * TILE + mine, out_plane() - 1u));
    let batch = select(group.z, 0u, SPLIT > 1u);
    let panel = batch * params.weights_batch + group.y * SIZE * SIZE * params.ic4 * TILE + mine;
    // Which input blocks are this workgroup's.
    let share = ((params.ic4 + STEPS - 1u) / STEPS + SPLIT - 1u) / SPLIT * STEPS;
    var begin = 0u;
    var end = params.ic4;
    if SPLIT > 1u {
        begin = group.z * share;
        end = min(end, begin + share);
    }
    // This subgroup's quarter of the tile.
    let first_row = subgroup / 2u % 2u * 2u * SIDE;
    let first_column = subgroup % 2u * 2u * SIDE;
    var c00 = MatrixC(); var c01 = MatrixC();
    var c10 = MatrixC(); var c11 = MatrixC();
    for (var k = 0u; k < SIZE * SIZE; k++) {
        let t = find(spot, k / SIZE, k % SIZE);
        for (var start = begin; start < end; start += STEPS) {
            // As many rounds for all, and loads that nothing decides about: all are under way at once. Of pixels and outputs that are
            // none anything will do, they are not stored; past the end of the sum both are blocks that are there, and one of them is made zero.
            for (var round = 0u; round < (VECTORS + INVOCATIONS - 1u) / INVOCATIONS; round++) {
                let s = (round * INVOCATIONS + li) / TILE;
                if VECTORS % INVOCATIONS == 0u || s < STEPS {
                    let c = min(start + s, params.ic4 - 1u);
                    let v = real4(select(vec4f(0.0), load_block(batch * params.src_batch + c, t.pixel), t.inside && start + s < end));
                    let w = weights[panel + (k * params.ic4 + c) * TILE];
                    let at = mine * ROW + s * 4u;
                    sh_src[at] = v.x; sh_src[at + 1u] = v.y; sh_src[at + 2u] = v.z; sh_src[at + 3u] = v.w;
                    sh_weights[at] = w.x; sh_weights[at + 1u] = w.y; sh_weights[at + 2u] = w.z; sh_weights[at + 3u] = w.w;
                }
            }
            workgroupBarrier();
            for (var d = 0u; d < DEPTH; d += SIDE) {
                let a0 = coopLoadT<MatrixA>(&sh_weights[first_row * ROW + d], ROW);
                let a1 = coopLoadT<MatrixA>(&sh_weights[(first_row + SIDE) * ROW + d], ROW);
                let b0 = coopLoad<MatrixB>(&sh_src[first_column * ROW + d], ROW);
                let b1 = coopLoad<MatrixB>(&sh_src[(first_column + SIDE) * ROW + d], ROW);
                c00 = coopMultiplyAdd(a0, b0, c00);
                c01 = coopMultiplyAdd(a0, b1, c01);
                c10 = coopMultiplyAdd(a1, b0, c10);
                c11 = coopMultiplyAdd(a1, b1, c11);
            }
            workgroupBarrier();
        }
    }
    let at = subgroup % 4u * SIDE * SUMS_ROW;
    coopStore(c00, &sh_sums[at], SUMS_ROW);
    store_fragments(group, li, 0u, 0u);
    coopStore(c01, &sh_sums[at], SUMS_ROW);
    store_fragments(group, li, 0u, 1u);
    coopStore(c10, &sh_sums[at], SUMS_ROW);
    store_fragments(group, li, 1u, 0u);
    coopStore(c11, &sh_sums[at], SUMS_ROW);
    store_fragments(group, li, 1u, 1u);
}
