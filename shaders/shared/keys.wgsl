// The order of sort keys: class, inverted score, number of box and class. The last component is the place, not compared.

fn before(a: vec4u, b: vec4u) -> bool {
    if a.x != b.x {
        return a.x < b.x;
    }
    if a.y != b.y {
        return a.y < b.y;
    }
    return a.z < b.z;
}
