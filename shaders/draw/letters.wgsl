// The text of a label, letter by letter: a name, a score in per cent, the number of a track.

struct Letter {
    texel: vec4f,       // left, top, width, height in the atlas
    place: vec2f,       // from the start of the text and the top of its line
    advance: f32,
    _pad: f32,
}

struct Label {
    first: u32,         // in `letters`
    count: u32,
    width: f32,
    _pad: f32,
    colour: vec4f,      // of the box; w: 1 where the ink on it is white
}

@group(0) @binding(3) var<storage, read> letters: array<Letter>;   // digits, `%`, `#`, blank; then the names
@group(0) @binding(4) var<storage, read> labels: array<Label>;     // by class

const PERCENT = 10u;    // places in `letters`
const HASH = 11u;
const BLANK = 12u;
const NO_LETTER = 0xffffffffu;

// What is written behind a name.
struct Text {
    percent: u32,
    percents: u32,      // its digits
    id: u32,            // 0 for none
    ids: u32,           // its digits
    score_width: f32,   // of the per cent
    width: f32,         // of everything
}

// A letter's place in `letters`, and where it begins.
struct Placed {
    at: u32,
    pen: f32,
}

fn digits(n: u32) -> u32 {
    var count = 1u;
    for (var rest = n / 10u; rest > 0u; rest /= 10u) {
        count++;
    }
    return count;
}

fn digit(n: u32, count: u32, i: u32) -> u32 {
    var rest = n;
    for (var k = i + 1u; k < count; k++) {
        rest /= 10u;
    }
    return rest % 10u;
}

fn text_of(label: Label, percent: u32, id: u32) -> Text {
    var text = Text(percent, digits(percent), id, 0u, 0.0, 0.0);
    let step = letters[0].advance;
    text.score_width = f32(text.percents) * step + letters[PERCENT].advance;
    text.width = label.width + text.score_width;
    if id != 0u {
        text.ids = digits(id);
        text.width += letters[BLANK].advance + letters[HASH].advance + f32(text.ids) * step;
    }
    return text;
}

// Letter i of the whole text.
fn letter_of(label: Label, text: Text, i: u32) -> Placed {
    if i < label.count {
        return Placed(label.first + i, 0.0);
    }
    let step = letters[0].advance;
    let k = i - label.count;
    if k < text.percents {
        return Placed(digit(text.percent, text.percents, k), label.width + f32(k) * step);
    }
    if k == text.percents {
        return Placed(PERCENT, label.width + f32(text.percents) * step);
    }
    let hash = label.width + text.score_width + letters[BLANK].advance;
    let j = k - text.percents - 1u;
    if text.id != 0u && j == 0u {
        return Placed(HASH, hash);
    }
    if text.id != 0u && j <= text.ids {
        return Placed(digit(text.id, text.ids, j - 1u), hash + letters[HASH].advance + f32(j - 1u) * step);
    }
    return Placed(NO_LETTER, 0.0);
}
