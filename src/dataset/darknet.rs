//! Darknet's labels: a `.data` file, a list of pictures, and a text file a picture.

use std::path::{Path, PathBuf};

use crate::{
    dataset::{
        Category, Dataset, LabelledImage, Severity, coco_category, label_files::label_files, label_text,
        labelled::Written, lists,
    },
    error::{Error, Result},
    model::{
        darknet::data::{self, Data},
        names,
    },
};

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
            Some(file) => read_labels(&file, &names, &mut odd)?,
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

fn read_labels(file: &Path, names: &[String], odd: &mut Odd) -> Result<Vec<(usize, [f64; 4])>> {
    let bytes = std::fs::read(file).map_err(Error::io(file))?;
    let (rows, faults) = label_text::parse(&bytes, file, names);
    if let Some(fault) = faults.into_iter().find(|fault| fault.severity() == Severity::Error) {
        return Err(Error::Text { file: fault.file, line: fault.line.unwrap_or(1), message: fault.message });
    }
    for row in &rows {
        let [x, y, w, h] = row.sides;
        let over = |centre: f64, side: f64| centre - side / 2.0 < -0.01 || centre + side / 2.0 > 1.01;
        if over(x, w) || over(y, h) {
            odd.count += 1;
            odd.first.get_or_insert_with(|| format!("{}:{}", file.display(), row.line));
        }
    }
    Ok(rows.into_iter().map(|row| (row.class, row.sides)).collect())
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
