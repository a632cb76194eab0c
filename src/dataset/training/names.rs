//! Files of class names, and where they lie when nobody says.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use crate::{
    dataset::{Fault, FaultKind},
    error::{Error, Result},
    model::{names, text},
};

use super::folder;

/// What such files are called. The last is Roboflow's.
pub const FILES: [&str; 6] =
    ["classes.txt", "obj.names", "classes.names", "names.txt", "labels.txt", "_darknet.labels"];

/// The file of class names in one of `folders`: the first that is called so, or the only `.names`.
pub fn find(folders: &[PathBuf]) -> Option<PathBuf> {
    folders.iter().find_map(|place| {
        let called = FILES.iter().map(|name| place.join(name)).find(|path| path.is_file());
        called.or_else(|| match &folder::ending(place, "names")[..] {
            [only] => Some(only.clone()),
            _ => None,
        })
    })
}

/// The error of [`find`].
pub fn not_found(source: &Path, folders: &[PathBuf]) -> Error {
    let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    let (source, files, folders) = (source.display(), FILES.join(", "), folders.join(", "));
    Error::Usage(format!("{source}: expected the names of the classes, one a line, in {files} or *.names of {folders}"))
}

/// The names of a file, and the line of each.
///
/// # Errors
/// [`Error::Io`]; [`Error::Text`] if there are none.
pub fn read(file: &Path, faults: &mut Vec<Fault>) -> Result<(Vec<String>, Vec<Option<usize>>)> {
    let bytes = std::fs::read(file).map_err(Error::io(file))?;
    if text::unicode(&bytes).is_none() {
        let line = text::bad_line(&bytes);
        faults.push(Fault::new(FaultKind::Encoding, file, line, "is not UTF-8 text, and is read as Latin-1"));
    }
    let names = names::parse(file, &bytes, &mut vec![])?;
    let lines: Vec<Option<usize>> = (1..=names.len()).map(Some).collect();
    judge(&names, file, &lines, faults);
    Ok((names, lines))
}

/// What is wrong with names: those that are empty, there twice, or all but there twice.
pub fn judge(names: &[String], file: &Path, lines: &[Option<usize>], faults: &mut Vec<Fault>) {
    let plain = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let (mut same, mut alike) = (HashMap::new(), HashMap::new());
    for (at, name) in names.iter().enumerate() {
        let line = lines.get(at).copied().flatten();
        let (first, first_alike) = (*same.entry(name).or_insert(at), *alike.entry(plain(name)).or_insert(at));
        if name.is_empty() {
            let message = format!("class {at} has no name");
            faults.push(Fault::new(FaultKind::ClassNames, file, line, message));
        } else if first < at {
            let message = format!("classes {first} and {at} are both `{name}`");
            faults.push(Fault::new(FaultKind::ClassNames, file, line, message));
        } else if first_alike < at {
            let message =
                format!("classes {first_alike} and {at} are `{}` and `{name}`: the same?", names[first_alike]);
            faults.push(Fault::new(FaultKind::SimilarNames, file, line, message));
        }
    }
}
