// The order of sort keys: the first three components, as sort makes them. The last one is the place, not compared.

fn before(a: vec4u, b: vec4u) -> bool {
    let last = select(a.y < b.y, a.z < b.z, a.y == b.y);
    return select(a.x < b.x, last, a.x == b.x);
}
