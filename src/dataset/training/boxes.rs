//! What a reader found in the labels of one picture, and which of its boxes can be used.

use std::{collections::HashMap, path::PathBuf};

use crate::dataset::{
    Annotation, Fault, FaultKind, LabelledImage,
    labelled::Written,
    training::{
        picture_size::header_size,
        set::{LabelledPicture, fractions},
    },
};

/// So far out of its picture, as a fraction of it, a box may reach without a word: three decimals are rounded by as much.
const EDGE: f64 = 1e-3;

/// A box as it is written.
#[derive(Clone, Debug)]
pub struct Marked {
    /// Its line, from 1.
    pub line: usize,
    /// What it is called beside its line, such as `annotation 7: `, or empty.
    pub name: String,
    /// Index of the class.
    pub class: usize,
    /// In pixels left, top, width, height; in fractions centre x and y, width, height.
    pub sides: [f64; 4],
    /// Pixels of its outline.
    pub area: Option<f64>,
    /// Many objects in one box.
    pub crowd: bool,
}

/// A picture as a reader found it.
#[derive(Clone, Debug, Default)]
pub struct FoundPicture {
    /// Its number.
    pub id: u64,
    /// Where it is.
    pub path: PathBuf,
    /// The list that names it, and the line.
    pub listed: Option<(PathBuf, usize)>,
    /// The file of its labels.
    pub labels: Option<PathBuf>,
    /// Columns and rows that it was marked at.
    pub size: Option<(usize, usize)>,
    /// Where they stand in `labels`.
    pub size_line: Option<usize>,
    /// Boxes are in pixels, not in fractions.
    pub pixels: bool,
    /// Its boxes.
    pub boxes: Vec<Marked>,
    /// Classes of boxes that were left out already.
    pub left_out: Vec<usize>,
}

/// The picture with those boxes that can be used, and what is wrong with the others. Boxes in pixels of a size that is not known are
/// measured by the picture's own.
pub fn judge(found: FoundPicture, classes: &[String], faults: &mut Vec<Fault>) -> LabelledPicture {
    let own_size = if found.pixels && found.size.is_none() { header_size(&found.path, true).ok() } else { None };
    let size = found.size.or(own_size);
    let file = found.labels.clone().unwrap_or_default();
    let (mut kept, mut left_out): (Vec<Marked>, _) = (Vec::with_capacity(found.boxes.len()), found.left_out);
    // By class and sides, to the bit: where in `kept` each first stands.
    let mut first_of: HashMap<(usize, [u64; 4]), usize> = HashMap::new();
    for marked in found.boxes {
        let [x, y, w, h] = marked.sides;
        let same = (marked.class, marked.sides.map(f64::to_bits));
        let what = || {
            let class = classes.get(marked.class).map_or("?", String::as_str);
            let unit = if found.pixels { "pixels" } else { "fractions" };
            let numbers = if found.pixels { "left, top, width, height" } else { "centre x, y, width, height" };
            format!("{}box of {class} ({numbers} in {unit}: {x} {y} {w} {h})", marked.name)
        };
        let twice = first_of.get(&same).filter(|_| !marked.crowd).map(|at| &kept[*at]);
        let twice = twice.map(|other| (other.line, other.name.clone()));
        let place = match size {
            _ if !found.pixels => reach(marked.sides),
            Some(size) => reach(fractions(marked.sides, size)),
            None => Reach::Inside,
        };
        let (kind, message, keep) = if marked.sides.iter().any(|side| !side.is_finite()) {
            (FaultKind::NotANumber, format!("{}: expected numbers", what()), false)
        } else if w < 0.0 || h < 0.0 {
            (FaultKind::NegativeSize, format!("{}: expected width and height above 0", what()), false)
        } else if w == 0.0 || h == 0.0 {
            (FaultKind::NoSize, format!("{} has no size, and is left out", what()), false)
        } else if let Reach::Outside = place {
            (FaultKind::Outside, format!("{} is not in the picture{}", what(), of(size, found.pixels)), false)
        } else if let Some((line, name)) = twice {
            let first = if name.is_empty() { format!("line {line}") } else { name.trim_end_matches(": ").to_owned() };
            (FaultKind::Duplicate, format!("{} is marked twice, first in {first}, and counts once", what()), false)
        } else if let Reach::Over = place {
            let of = of(size, found.pixels);
            (FaultKind::OverEdge, format!("{} reaches out of the picture{of}, and is clipped", what()), true)
        } else {
            note(&mut first_of, same, &marked, kept.len());
            kept.push(marked);
            continue;
        };
        faults.push(Fault::new(kind, &file, marked.line, message));
        if keep {
            note(&mut first_of, same, &marked, kept.len());
            kept.push(marked);
        } else {
            left_out.push(marked.class);
        }
    }
    let lines = kept.iter().map(|marked| marked.line).collect();
    let written = if found.pixels {
        Written::Pixels(kept.iter().map(annotation).collect())
    } else {
        Written::Fractions(kept.iter().map(|marked| (marked.class, marked.sides)).collect())
    };
    LabelledPicture {
        image: LabelledImage { id: found.id, path: found.path, size: found.size, written },
        labels: found.labels,
        lines,
        listed: found.listed,
        size_line: found.size_line,
        own_size,
        left_out,
    }
}

/// Notes where a box first stands; a crowd has no double.
fn note(first_of: &mut HashMap<(usize, [u64; 4]), usize>, same: (usize, [u64; 4]), marked: &Marked, at: usize) {
    if !marked.crowd {
        first_of.entry(same).or_insert(at);
    }
}

fn annotation(marked: &Marked) -> Annotation {
    let Marked { class, sides, area, crowd, .. } = marked;
    Annotation { category: *class, bbox: *sides, area: area.unwrap_or(sides[2] * sides[3]), crowd: *crowd }
}

/// ` of 640 x 480`, where that says something.
fn of(size: Option<(usize, usize)>, pixels: bool) -> String {
    size.filter(|_| pixels).map_or_else(String::new, |(width, height)| format!(" of {width} x {height}"))
}

enum Reach {
    Inside,
    Over,
    Outside,
}

/// How a box in fractions lies to its picture.
fn reach([x, y, w, h]: [f64; 4]) -> Reach {
    let ends = [(x - w / 2.0, x + w / 2.0), (y - h / 2.0, y + h / 2.0)];
    if ends.iter().any(|(low, high)| *low >= 1.0 || *high <= 0.0) {
        Reach::Outside
    } else if ends.iter().any(|(low, high)| *low < -EDGE || *high > 1.0 + EDGE) {
        Reach::Over
    } else {
        Reach::Inside
    }
}
