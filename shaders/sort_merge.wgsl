// uses: shared/keys.wgsl
// One long-distance step of the bitonic sort, in storage memory; sort does the short distances.

override WIDTH: u32 = 2048u; // of the runs being merged (FLIP), or twice the distance of the pairs
override FLIP: bool = true;  // the first step of a merge compares mirror images

@group(0) @binding(0) var<storage, read_write> keys: array<vec4u>; // [capacity], as sort makes them

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let half = WIDTH / 2u;
    let start = id.x / half * WIDTH;
    let i = start + id.x % half;
    let j = select(i + half, start + WIDTH - 1u - id.x % half, FLIP);
    let a = keys[i];
    let b = keys[j];
    if before(b, a) {
        keys[i] = b;
        keys[j] = a;
    }
}
