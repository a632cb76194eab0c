//! What a path of pictures means: a file, a folder, a glob.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

const EXTENSIONS: &[&str] =
    &["bmp", "gif", "jfif", "jif", "jpe", "jpeg", "jpg", "pbm", "pgm", "png", "pnm", "ppm", "tif", "tiff", "webp"];

/// Endings of videos: what ffmpeg reads as well as what is read here.
const VIDEOS: &[&str] = &[
    "3gp", "avi", "flv", "m4v", "mjpeg", "mjpg", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "ogv", "ts", "webm", "wmv",
    "y4m",
];

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

fn folder(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(path).map_err(Error::io(path))?;
    let mut found: Vec<PathBuf> =
        // Whatever it is: what is named like a picture and is none is to be told.
        entries.filter_map(|e| e.ok().map(|e| e.path())).filter(|p| names_a_picture(p)).collect();
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
    if !is_pattern(path) {
        // Not a usage error: the picture may have been there when the command line was written. Read it and see.
        return Ok(vec![path.to_owned()]);
    }
    // As the system's own programs have it.
    let options = glob::MatchOptions { case_sensitive: cfg!(not(windows)), ..glob::MatchOptions::new() };
    let paths = glob::glob_with(text, options).map_err(|e| Error::Usage(format!("{text}: {e}")))?;
    let found: Vec<PathBuf> =
        paths.filter_map(std::result::Result::ok).filter(|p| p.is_file() || names_a_picture(p)).collect();
    if found.is_empty() { Err(missing()) } else { Ok(found) }
}

/// Whether a name ends like a picture's.
pub fn names_a_picture(path: &Path) -> bool {
    ends_in(path, EXTENSIONS)
}

/// Whether a name ends like a video's.
pub fn names_a_video(path: &Path) -> bool {
    ends_in(path, VIDEOS)
}

fn ends_in(path: &Path, list: &[&str]) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_lowercase);
    extension.is_some_and(|e| list.contains(&e.as_str()))
}

/// Whether a name is a pattern, not a file's.
pub fn is_pattern(path: &Path) -> bool {
    // Windows: a path that is taken as it is, `\\?\C:\..`.
    path.to_str().is_some_and(|text| text.strip_prefix(r"\\?\").unwrap_or(text).contains(['*', '?', '[']))
}
