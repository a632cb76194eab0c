// A vector of weights in each of eight lanes, handed round to all.

// The weights that lanes 0 to 3 hold: four outputs by four inputs.
fn low(w: vec4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(w, 0u), subgroupBroadcast(w, 1u), subgroupBroadcast(w, 2u), subgroupBroadcast(w, 3u));
}

// Those of lanes 4 to 7.
fn high(w: vec4f) -> mat4x4f {
    return mat4x4f(subgroupBroadcast(w, 4u), subgroupBroadcast(w, 5u), subgroupBroadcast(w, 6u), subgroupBroadcast(w, 7u));
}
