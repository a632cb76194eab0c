//! Files of labels whose picture is not there.

use std::{
    collections::BTreeSet,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use crate::{
    dataset::{
        Fault, FaultKind, SetPart,
        training::{folder, picture_files::has_picture, set::TrainingSet},
    },
    model::text,
};

/// Finds them where labels of the set lie, and adds them to its faults.
pub fn tell_orphans(set: &mut TrainingSet) {
    let pictures = || SetPart::ALL.into_iter().flat_map(|part| set.part(part));
    let used: BTreeSet<&Path> = pictures().filter_map(|picture| picture.labels.as_deref()).collect();
    let folders: BTreeSet<PathBuf> = used.iter().filter_map(|file| Some(file.parent()?.to_owned())).collect();
    let files = folders.iter().flat_map(|folder| folder::ending(folder, "txt"));
    let orphan = |file: &PathBuf| !used.contains(&**file) && !has_picture(file) && is_label(file);
    let faults: Vec<Fault> = files
        .filter(orphan)
        .map(|file| {
            Fault::new(FaultKind::Orphan, file, None, "there is no picture of this name, so its labels are lost")
        })
        .collect();
    set.faults.extend(faults);
}

/// As much of a file as says what it is.
const BEGINNING: u64 = 1 << 16;

/// Whether a text begins like labels: lists and names lie about too.
fn is_label(file: &Path) -> bool {
    let mut bytes = Vec::new();
    let beginning = File::open(file).and_then(|file| file.take(BEGINNING).read_to_end(&mut bytes));
    if beginning.is_err() {
        return false;
    }
    let text = text::any(&bytes);
    let first =
        text::lines(&text).map(|line| line.split_whitespace().collect::<Vec<_>>()).find(|words| !words.is_empty());
    first.is_some_and(|words| words.len() >= 5 && words.iter().all(|word| word.parse::<f64>().is_ok()))
}
