// uses: shared/roof.wgsl
// The rate of multiply-adds: CHAINS vectors that do not depend on each other, 16 multiply-adds each a round.

override CHAINS: u32 = 8; // 2, 4 or 8: what suits the registers of the adapter

fn four(a: real4, m: real4, c: real4) -> real4 {
    return fma(fma(fma(fma(a, m, c), m, c), m, c), m, c);
}

fn sixteen(a: real4, m: real4, c: real4) -> real4 {
    return four(four(four(four(a, m, c), m, c), m, c), m, c);
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let m = real4(real(params.factor));
    let c = real4(real(params.offset));
    var a0 = real4(real(id.x % 64u) * real(0.03125));
    var a1 = a0 + c;
    var a2 = a1 + c;
    var a3 = a2 + c;
    var a4 = a3 + c;
    var a5 = a4 + c;
    var a6 = a5 + c;
    var a7 = a6 + c;
    for (var i = 0u; i < params.rounds; i += 1u) {
        a0 = sixteen(a0, m, c);
        a1 = sixteen(a1, m, c);
        if CHAINS > 2u {
            a2 = sixteen(a2, m, c);
            a3 = sixteen(a3, m, c);
        }
        if CHAINS > 4u {
            a4 = sixteen(a4, m, c);
            a5 = sixteen(a5, m, c);
            a6 = sixteen(a6, m, c);
            a7 = sixteen(a7, m, c);
        }
    }
    keep(id.x, vec4f(a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7));
}
