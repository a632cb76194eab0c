// The order of sort keys: the first three components, as sort makes them. The last one is the place, not compared.

fn before(a: vec4u, b: vec4u) -> bool {
    if a.x != b.x {
        return a.x < b.x;
    }
    if a.y != b.y {
        return a.y < b.y;
    }
    return a.z < b.z;
}
