//! Class names: one a line (`coco.names`).

use std::path::Path;

use crate::error::{Error, Result};

/// The names in a file, in order of class index. Empty lines at the end are not names.
///
/// # Errors
/// [`Error::Io`], or [`Error::Text`] if the file is not UTF-8 or has no names.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<String>> {
    let path = path.as_ref();
    parse(path, &std::fs::read(path).map_err(Error::io(path))?)
}

/// Parses class names, one a line in order of class index; `path` is for errors.
///
/// # Errors
/// As [`read`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<String>> {
    let text = crate::model::darknet::data::text(path, bytes)?;
    let mut names: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    if names.is_empty() {
        return Err(Error::Text { file: path.to_owned(), line: 1, message: "expected class names, found none".into() });
    }
    Ok(names)
}
