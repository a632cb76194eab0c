// A box between decode and NMS.

struct Candidate {
    x: f32,      // centre and sides, fractions of the network's input
    y: f32,
    w: f32,
    h: f32,
    score: f32,
    label: u32,  // class index
    index: u32,  // number of the box: head, anchor, row, column
    track: u32,  // number of its track, 0 for none
}
