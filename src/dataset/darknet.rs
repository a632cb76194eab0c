//! Darknet's labels: a `.data` file, a list of pictures, and a text file a picture.

use std::{
    ffi::OsStr,
    path::{Component, Path, PathBuf},
};

use crate::{
    dataset::{Category, Dataset, LabelledImage, coco_category, labelled::Written, lists},
    error::{Error, Result},
    model::{
        darknet::data::{self, Data},
        names, text,
    },
};

/// Beyond this a fraction is none, but pixels.
const NO_FRACTION: f64 = 2.0;

/// Reads the pictures that `valid` of a `.data` file lists, with their labels: class, centre, width and height as fractions of the
/// picture, an object a line. Categories are the lines of `names`, with the ids of [`coco_category`] if they are eighty, else from 1.
///
/// # Errors
/// [`Error::Io`]; [`Error::Text`] with the line that cannot be.
pub fn read_darknet(path: &Path) -> Result<Dataset> {
    let Data { names: names_file, valid, difficult, .. } = data::read(path)?;
    let lacks = |key: &str| Error::Text {
        file: path.to_owned(),
        line: 1,
        message: format!("expected `{key}`, which names the {key} file, found none"),
    };
    let mut notes = Vec::new();
    let names_file = names_file.ok_or_else(|| lacks("names"))?;
    let names_bytes = std::fs::read(&names_file).map_err(Error::io(&names_file))?;
    let names = names::parse(&names_file, &names_bytes, &mut notes)?;
    let valid = data::find(path, &valid.ok_or_else(|| lacks("valid"))?)?;
    if difficult.is_some() {
        notes.push(format!("{}: `difficult` is not read: all objects count", path.display()));
    }
    let bytes = std::fs::read(&valid).map_err(Error::io(&valid))?;
    let pictures = lists::listed(&bytes, valid.parent().unwrap_or(Path::new("")));
    if pictures.is_empty() {
        return Err(Error::Text { file: valid, line: 1, message: "expected a picture a line, found none".into() });
    }
    let ids = ids(&pictures);
    let (mut images, mut odd, mut without) = (Vec::with_capacity(pictures.len()), Odd::default(), 0);
    for (path, id) in pictures.into_iter().zip(ids) {
        let labels = match label_files(&path).into_iter().find(|file| file.is_file()) {
            Some(file) => read_labels(&file, names.len(), &mut odd)?,
            None => {
                without += 1;
                vec![]
            }
        };
        images.push(LabelledImage { id, path, size: None, written: Written::Fractions(labels) });
    }
    if without == images.len() {
        let tried: Vec<String> = label_files(&images[0].path).iter().map(|file| file.display().to_string()).collect();
        let message = format!("none of its {without} pictures has labels: there is no {}", tried.join(", no "));
        return Err(Error::Text { file: valid, line: 1, message });
    }
    if without > 0 {
        notes.push(format!("{without} of {} pictures have no file of labels, and count as empty", images.len()));
    }
    if let Some(first) = odd.first {
        notes.push(format!("{first}: reaches out of the picture; {} such boxes are taken as they are", odd.count));
    }
    let coco = names.len() == 80;
    let id = |class: usize| if coco { coco_category(class) } else { class + 1 } as u64;
    let categories = names.into_iter().enumerate().map(|(class, name)| Category { id: id(class), name }).collect();
    Ok(Dataset { images, categories, notes })
}

/// Boxes that are odd, and where the first one is.
#[derive(Default)]
struct Odd {
    count: usize,
    first: Option<String>,
}

fn read_labels(file: &Path, classes: usize, odd: &mut Odd) -> Result<Vec<(usize, [f64; 4])>> {
    let bytes = std::fs::read(file).map_err(Error::io(file))?;
    let text = text::any(&bytes);
    let mut labels = Vec::new();
    for (i, line) in text::lines(&text).enumerate() {
        let fail = |message: String| Error::Text { file: file.to_owned(), line: i + 1, message };
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        let numbers: Vec<f64> = words.iter().skip(1).filter_map(|word| word.parse().ok()).collect();
        let expected = || format!("expected class, centre x, centre y, width, height, found `{}`", line.trim());
        let [x, y, w, h] = numbers[..] else { return Err(fail(expected())) };
        let class: usize = words[0].parse().ok().filter(|_| words.len() == 5).ok_or_else(|| fail(expected()))?;
        if class >= classes {
            return Err(fail(format!("class {class}: there are {classes} names, 0 to {}", classes - 1)));
        }
        let sides = [x, y, w, h];
        if sides.iter().any(|side| !side.is_finite() || side.abs() > NO_FRACTION) || w < 0.0 || h < 0.0 {
            return Err(fail(format!("expected fractions of the picture, 0 to 1, found {sides:?}")));
        }
        let over = |centre: f64, side: f64| centre - side / 2.0 < -0.01 || centre + side / 2.0 > 1.01;
        if over(x, w) || over(y, h) {
            odd.count += 1;
            odd.first.get_or_insert_with(|| format!("{}:{}", file.display(), i + 1));
        }
        labels.push((class, sides));
    }
    Ok(labels)
}

/// Where the labels of a picture may lie: beside it, or in a folder `labels` that stands where `images` or `JPEGImages` does. That one is
/// looked into first where Darknet looks nowhere else.
fn label_files(picture: &Path) -> Vec<PathBuf> {
    let beside = picture.with_extension("txt");
    let parts: Vec<Component<'_>> = picture.components().collect();
    let folder = |name: &str| parts.iter().rposition(|part| part.as_os_str() == OsStr::new(name));
    let Some(at) = folder("JPEGImages").or_else(|| folder("images")).filter(|at| at + 1 < parts.len()) else {
        return vec![beside];
    };
    let replaced =
        parts.iter().enumerate().map(|(i, part)| if i == at { OsStr::new("labels") } else { part.as_os_str() });
    let labels = replaced.collect::<PathBuf>().with_extension("txt");
    let years = ["train2014", "val2014", "train2017", "val2017"].map(OsStr::new);
    let only = parts[at].as_os_str() == OsStr::new("JPEGImages") || years.contains(&parts[at + 1].as_os_str());
    if only { vec![labels, beside] } else { vec![beside, labels] }
}

/// A number for each picture: the one that its file name ends in if all have one and no two the same, else its place, from 1.
fn ids(pictures: &[PathBuf]) -> Vec<u64> {
    let ids: Option<Vec<u64>> = pictures.iter().map(|picture| lists::number(picture)).collect();
    let mut sorted = ids.clone().unwrap_or_default();
    sorted.sort_unstable();
    sorted.dedup();
    match ids {
        Some(ids) if sorted.len() == pictures.len() => ids,
        _ => (1..=pictures.len() as u64).collect(),
    }
}
