//! A text of labels, Darknet's: an object a line, its class, centre x and y, width and height as fractions of the picture.

use std::path::Path;

use crate::{
    dataset::{Fault, FaultKind},
    model::text,
};

/// Beyond this a fraction is none, but pixels.
const NO_FRACTION: f64 = 2.0;
/// So many lines of a file are told that cannot be read; the others are counted.
const MOST: usize = 20;

/// A line that can be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelLine {
    /// Its number, from 1.
    pub line: usize,
    /// Index of the class.
    pub class: usize,
    /// Centre x and y, width, height as fractions of the picture.
    pub sides: [f64; 4],
}

/// The lines of `bytes`, and what is wrong with the others; `file` is for faults.
pub fn parse(bytes: &[u8], file: &Path, names: &[String]) -> (Vec<LabelLine>, Vec<Fault>) {
    let (mut rows, mut faults, mut more) = (Vec::new(), Vec::new(), 0);
    if let Some(coded) = coded(bytes) {
        let message = format!("{coded}, which is read here and by few other programs");
        faults.push(Fault::new(FaultKind::Encoding, file, 1, message));
    }
    for (line, words) in (1..).zip(text::lines(&text::any(bytes))) {
        match row(words, names) {
            None => {}
            Some(Ok((class, sides))) => rows.push(LabelLine { line, class, sides }),
            Some(Err(_)) if faults.len() >= MOST => more += 1,
            Some(Err((kind, message))) => faults.push(Fault::new(kind, file, line, message)),
        }
    }
    if more > 0 {
        let message = format!("{more} more lines cannot be read");
        faults.push(Fault::new(FaultKind::Unparsable, file, faults.last().and_then(|last| last.line), message));
    }
    (rows, faults)
}

/// How a text is coded, where other programs fail at it.
fn coded(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("is UTF-16"),
        [0xef, 0xbb, 0xbf, ..] => Some("begins with a byte order mark"),
        _ => None,
    }
}

/// Something, or what is wrong with it.
type OrFault<T> = Result<T, (FaultKind, String)>;

/// What a line says; none if it is empty.
fn row(line: &str, names: &[String]) -> Option<OrFault<(usize, [f64; 4])>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (first, rest) = words.split_first()?;
    let expected = |hint: &str| {
        let shown: String = line.trim().chars().take(80).collect();
        format!("expected class, centre x, centre y, width, height, found `{shown}`{hint}")
    };
    if rest.len() != 4 {
        let hint = match rest.len() {
            5 => " (a confidence behind a box?)",
            n if n > 5 && n % 2 == 0 => " (an outline?)",
            _ => "",
        };
        return Some(Err((FaultKind::Fields, expected(hint))));
    }
    let numbers: Vec<f64> = rest.iter().filter_map(|word| word.parse().ok()).collect();
    let [x, y, w, h] = numbers[..] else {
        let hint = if line.contains(',') { " (numbers have a point, not a comma)" } else { "" };
        return Some(Err((FaultKind::Unparsable, expected(hint))));
    };
    Some(class(first, names).ok_or_else(|| (FaultKind::Unparsable, expected(""))).flatten().and_then(|class| {
        let sides = [x, y, w, h];
        let found = || format!("expected fractions of the picture, 0 to 1, found {sides:?}");
        if sides.iter().any(|side| !side.is_finite()) {
            Err((FaultKind::NotANumber, found()))
        } else if w < 0.0 || h < 0.0 {
            Err((FaultKind::NegativeSize, found()))
        } else if sides.iter().any(|side| side.abs() > NO_FRACTION) {
            Err((FaultKind::Outside, format!("{} (pixels?)", found())))
        } else {
            Ok((class, sides))
        }
    }))
}

/// The class that a word says; none if it is no such word.
fn class(word: &str, names: &[String]) -> Option<OrFault<usize>> {
    let unknown = |message: String| Some(Err((FaultKind::UnknownClass, message)));
    if let Some(number) = names.iter().position(|name| name == word && word.parse::<f64>().is_err()) {
        return unknown(format!("class `{word}`: expected its number, {number}"));
    }
    match word.parse::<i64>().ok()? {
        class if usize::try_from(class).is_ok_and(|class| class < names.len()) => Some(Ok(class as usize)),
        class => {
            unknown(format!("class {class}: there are {} names, 0 to {}", names.len(), names.len().saturating_sub(1)))
        }
    }
}
