//! Class names: one a line (`coco.names`).

use std::path::Path;

use crate::error::{Error, Result};

/// Class names, one a line in order of class index; empty lines at the end are none. `path` is for errors.
///
/// # Errors
/// [`Error::Text`] if the file is not UTF-8 or has no names.
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
