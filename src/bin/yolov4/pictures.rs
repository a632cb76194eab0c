//! What the PATHS of the command line mean: files, folders, globs, `-`.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use yolov4::{Error, Result};

const EXTENSIONS: &[&str] = &["bmp", "gif", "jpeg", "jpg", "pbm", "pgm", "png", "pnm", "ppm", "tif", "tiff", "webp"];

/// Every picture meant, in the order of the arguments, folders and globs sorted. `-` stays `-`.
///
/// # Errors
/// If an argument does not exist, or matches nothing.
pub fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" || path.is_file() {
            all.push(path.clone());
        } else if path.is_dir() {
            all.extend(folder(path)?);
        } else {
            all.extend(pattern(path)?);
        }
    }
    Ok(all)
}

/// A file name for what is made of each picture, no two alike on any file system: its stem, or its whole name where two
/// pictures share a stem, or that with a number.
pub fn names(paths: &[PathBuf]) -> Vec<String> {
    let lossy = |part: Option<&std::ffi::OsStr>| part.map_or_else(String::new, |p| p.to_string_lossy().into_owned());
    let stem = |path: &PathBuf| if path.as_os_str() == "-" { "stdin".into() } else { lossy(path.file_stem()) };
    let mut alike: HashMap<String, usize> = HashMap::new();
    for path in paths {
        *alike.entry(stem(path).to_lowercase()).or_default() += 1;
    }
    let mut taken = HashSet::new();
    let name = |path: &PathBuf| {
        let alone = alike.get(&stem(path).to_lowercase()) == Some(&1);
        let base = if alone { stem(path) } else { lossy(path.file_name()) };
        let numbered = std::iter::once(base.clone()).chain((2..).map(|n| format!("{base}-{n}")));
        numbered.into_iter().find(|name| taken.insert(name.to_lowercase())).unwrap_or(base)
    };
    paths.iter().map(name).collect()
}

fn folder(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(path).map_err(Error::io(path))?;
    let mut found: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).filter(|p| is_picture(p)).collect();
    found.sort();
    if found.is_empty() {
        return Err(Error::Usage(format!("{}: there are no pictures in this folder", path.display())));
    }
    Ok(found)
}

fn pattern(path: &Path) -> Result<Vec<PathBuf>> {
    let missing = || {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        Error::Io { path: path.to_owned(), source }
    };
    let text = path.to_str().ok_or_else(missing)?;
    if !text.contains(['*', '?', '[']) {
        // Not a usage error: the picture may have been there when the command line was written. Read it and see.
        return Ok(vec![path.to_owned()]);
    }
    let paths = glob::glob(text).map_err(|e| Error::Usage(format!("{text}: {e}")))?;
    let found: Vec<PathBuf> = paths.filter_map(std::result::Result::ok).filter(|p| p.is_file()).collect();
    if found.is_empty() { Err(missing()) } else { Ok(found) }
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_lowercase);
    path.is_file() && extension.is_some_and(|e| EXTENSIONS.contains(&e.as_str()))
}
