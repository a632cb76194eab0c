//! What is in folders, in the same order on every system.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
};

use crate::dataset::training::picture_files::is_picture;

/// What is in a folder, by name.
///
/// # Errors
/// If it cannot be read.
pub fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    found.sort();
    Ok(found)
}

/// The files of a folder that end in `.extension`, without case, by name; none if it cannot be read.
pub fn ending(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let ends = |path: &PathBuf| {
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let has = path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension));
        has && !hidden && path.is_file()
    };
    entries(folder).unwrap_or_default().into_iter().filter(ends).collect()
}

/// The pictures of a folder, by path, and if `deep` of all below it; then the folders that cannot be read.
pub fn pictures(folder: &Path, deep: bool) -> (Vec<PathBuf>, Vec<(PathBuf, io::Error)>) {
    let (mut found, mut wrong, mut left) = (Vec::new(), Vec::new(), vec![folder.to_owned()]);
    // A link may lead back up, or twice to one place.
    let mut seen = HashSet::new();
    while let Some(folder) = left.pop() {
        if std::fs::canonicalize(&folder).is_ok_and(|place| !seen.insert(place)) {
            continue;
        }
        match entries(&folder) {
            Err(e) => wrong.push((folder, e)),
            Ok(entries) => {
                for path in entries {
                    if path.is_dir() {
                        if deep {
                            left.push(path);
                        }
                    } else if is_picture(&path) {
                        found.push(path);
                    }
                }
            }
        }
    }
    found.sort();
    (found, wrong)
}

/// Whether a folder has pictures, not counting those in folders below it.
pub fn has_pictures(folder: &Path) -> bool {
    entries(folder).is_ok_and(|entries| entries.iter().any(|path| is_picture(path) && path.is_file()))
}
