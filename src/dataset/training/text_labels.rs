//! Pictures whose labels are texts of their own, as Darknet and YOLO have them.

use std::path::Path;

use crate::dataset::{
    Fault, FaultKind,
    each::each,
    label_files::label_files,
    label_text,
    training::{
        boxes::{FoundPicture, Marked, judge},
        listing::Listed,
        set::LabelledPicture,
    },
};

/// The pictures with their labels. A picture without any is one with nothing in it, which is told; `place`, a list or a folder, is to blame
/// if none has any.
pub fn labelled(listed: &[Listed], classes: &[String], place: &Path, faults: &mut Vec<Fault>) -> Vec<LabelledPicture> {
    let mut read = each(listed, |listed| one(listed, classes));
    for ((picture, _), id) in read.iter_mut().zip(1..) {
        picture.image.id = id;
    }
    if let [first, ..] = listed
        && read.iter().all(|(picture, _)| picture.labels.is_none())
    {
        let tried: Vec<String> = label_files(&first.path).iter().map(|file| file.display().to_string()).collect();
        let (n, tried) = (read.len(), tried.join(", no "));
        let message = format!("none of its {n} pictures has labels: there is no {tried}");
        faults.push(Fault::new(FaultKind::NothingLabelled, place, None, message));
        return read.into_iter().map(|(picture, _)| picture).collect();
    }
    let told = |(picture, found): (LabelledPicture, Vec<Fault>)| {
        faults.extend(found);
        picture
    };
    read.into_iter().map(told).collect()
}

fn one(Listed { path, place }: &Listed, classes: &[String]) -> (LabelledPicture, Vec<Fault>) {
    let mut faults = Vec::new();
    let files = label_files(path);
    let mut found = FoundPicture { path: path.clone(), listed: place.clone(), ..FoundPicture::default() };
    found.labels = files.iter().find(|file| file.is_file()).cloned();
    match found.labels.as_ref().map(|file| (file, std::fs::read(file))) {
        None => {
            let tried: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            let tried = tried.join(", no ");
            let message = format!("has no labels, and counts as a picture of nothing: there is no {tried}");
            faults.push(Fault::new(FaultKind::NoLabels, path, None, message));
        }
        Some((file, Err(e))) => {
            let message = format!("cannot be read: {e}");
            faults.push(Fault::new(FaultKind::Unparsable, file, None, message));
        }
        Some((file, Ok(bytes))) => {
            let (rows, wrong) = label_text::parse(&bytes, file, classes);
            if rows.is_empty() && wrong.iter().all(|fault| fault.kind == FaultKind::Encoding) {
                faults.push(Fault::new(FaultKind::Negative, file, None, "is empty: a picture of nothing"));
            }
            faults.extend(wrong);
            let marked = |row: label_text::LabelLine| Marked {
                line: row.line,
                name: String::new(),
                class: row.class,
                sides: row.sides,
                area: None,
                crowd: false,
            };
            found.boxes = rows.into_iter().map(marked).collect();
        }
    }
    (judge(found, classes, &mut faults), faults)
}
