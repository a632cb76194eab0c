//! Which pictures a part has: those of a list, or of a folder.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use crate::dataset::{Fault, FaultKind, lists, training::folder};

/// A picture that is there, and the list and line that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Where it is.
    pub path: PathBuf,
    /// The list, and the line from 1.
    pub place: Option<(PathBuf, usize)>,
}

/// The pictures of a list, each once; what is not there is a fault.
pub fn of_list(list: &Path, faults: &mut Vec<Fault>) -> Vec<Listed> {
    let bytes = match std::fs::read(list) {
        Ok(bytes) => bytes,
        Err(e) => {
            faults.push(Fault::new(FaultKind::NoPicture, list, None, format!("the list cannot be read: {e}")));
            return vec![];
        }
    };
    let folder = list.parent().unwrap_or(Path::new(""));
    let paths = lists::numbered(&bytes);
    if paths.is_empty() {
        faults.push(Fault::new(FaultKind::EmptyList, list, 1, "expected a picture a line, found none"));
    }
    let (mut listed, mut first_line, mut missing) = (Vec::new(), HashMap::new(), Vec::new());
    for (line, path) in paths {
        let Some(found) = lists::find(&path, folder).filter(|found| found.is_file()) else {
            missing.push((line, path));
            continue;
        };
        if let Some(first) = first_line.get(&found) {
            let message = format!("{} is listed twice, first in line {first}, and counts once", path.display());
            faults.push(Fault::new(FaultKind::ListedTwice, list, line, message));
            continue;
        }
        first_line.insert(found.clone(), line);
        listed.push(Listed { path: found, place: Some((list.to_owned(), line)) });
    }
    if let [(line, path), _, ..] = &missing[..]
        && listed.is_empty()
    {
        let (n, path, beside) = (missing.len(), path.display(), folder.join(path));
        let message = format!("none of the {n} pictures is there: no {path}, no {}", beside.display());
        faults.push(Fault::new(FaultKind::NoPicture, list, *line, message));
        return listed;
    }
    faults.extend(missing.into_iter().map(|(line, path)| {
        let message = format!("there is no {}, nor {}", path.display(), folder.join(&path).display());
        Fault::new(FaultKind::NoPicture, list, line, message)
    }));
    listed
}

/// The pictures of a folder and of those below it, by name.
pub fn of_folder(from: &Path, deep: bool, faults: &mut Vec<Fault>) -> Vec<Listed> {
    let (pictures, wrong) = folder::pictures(from, deep);
    faults.extend(
        wrong.into_iter().map(|(folder, e)| {
            Fault::new(FaultKind::NoPicture, folder, None, format!("the folder cannot be read: {e}"))
        }),
    );
    if pictures.is_empty() {
        faults.push(Fault::new(FaultKind::EmptyList, from, None, "expected pictures in this folder, found none"));
    }
    pictures.into_iter().map(|path| Listed { path, place: None }).collect()
}
