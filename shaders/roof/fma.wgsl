// Nothing but multiply-adds on registers: 32 independent sums per invocation, 16 rounds of them per turn of the loop.

override ROUNDS: u32 = 64u;

@group(0) @binding(0) var<storage, read> src: array<real4>;       // 2 vectors: factor and addend, which no compiler knows
@group(0) @binding(1) var<storage, read_write> dst: array<real4>; // one vector per invocation

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let m = src[0];
    let n = src[1];
    var a = m; var b = n; var c = m + n; var d = m - n;
    var e = n - m; var f = m * n; var g = m + m; var h = n + n;
    for (var round = 0u; round < ROUNDS; round++) {
        for (var i = 0u; i < 16u; i++) {
            a = fma(a, m, n); b = fma(b, m, n); c = fma(c, m, n); d = fma(d, m, n);
            e = fma(e, m, n); f = fma(f, m, n); g = fma(g, m, n); h = fma(h, m, n);
        }
    }
    dst[id.x] = a + b + c + d + e + f + g + h;
}
