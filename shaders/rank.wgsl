// uses: shared/boxes.wgsl
// Kept boxes to the order they are drawn in: a box counts those that are better, and that is its place. The draw's
// arguments go to a buffer of their own, for a pass may not use one buffer as storage and as arguments. `order.count` and
// `args` are cleared before. The loop looks at four boxes a round, for software Vulkan leaves loops after 65,535 rounds
// without a word, loops in loops counted together; and it ends once the box is not drawn anyway.

struct Params {
    most: u32,         // boxes to draw at most
    quads: u32,        // instances of the draw per box
    _pad: vec2u,
}

struct Kept {
    count: u32,
    _pad: array<u32, 7>,
    list: array<Candidate>,
}

struct Order {
    count: atomic<u32>,
    list: array<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> kept: Kept;
@group(0) @binding(2) var<storage, read_write> order: Order;                // [most] places in `kept`, best first
@group(0) @binding(3) var<storage, read_write> args: array<atomic<u32>, 4>; // vertices, instances, 0, 0

// The order of Candidate::best_first: by score, then the lower number of the box, then the lower class.
fn better(a: Candidate, b: Candidate) -> bool {
    if a.score != b.score {
        return a.score > b.score;
    }
    return a.index < b.index || (a.index == b.index && a.label < b.label);
}

// 1 if box `i` is there and better.
fn ahead(i: u32, count: u32, own: Candidate) -> u32 {
    if i >= count {
        return 0u;
    }
    return select(0u, 1u, better(kept.list[i], own));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
    if id.x == 0u {
        atomicStore(&args[0], 6u);
    }
    let count = kept.count;
    if id.x >= count {
        return;
    }
    let own = kept.list[id.x];
    let most = params.most;
    var place = 0u;
    for (var i = 0u; i < count && place < most; i += 4u) {
        place += ahead(i, count, own) + ahead(i + 1u, count, own) + ahead(i + 2u, count, own) + ahead(i + 3u, count, own);
    }
    if place < most {
        order.list[place] = id.x;
        atomicAdd(&order.count, 1u);
        atomicAdd(&args[1], params.quads);
    }
}
