//! Class names: one a line (`coco.names`).

use std::path::Path;

use crate::{
    error::{Error, Result},
    model::text,
};

/// Class names, one a line in order of class index; empty lines at the end are none. `path` is for errors. What is no Unicode is read as
/// Latin-1, which `notes` are told.
///
/// # Errors
/// [`Error::Text`] if there are no names.
pub fn parse(path: &Path, bytes: &[u8], notes: &mut Vec<String>) -> Result<Vec<String>> {
    let text = text::unicode(bytes).unwrap_or_else(|| {
        notes.push(format!("{}:{}: is not UTF-8 text, and is read as Latin-1", path.display(), text::bad_line(bytes)));
        text::latin1(bytes).into()
    });
    let mut names: Vec<String> = text::lines(&text).map(|line| line.trim().to_owned()).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    if names.is_empty() {
        return Err(Error::Text { file: path.to_owned(), line: 1, message: "expected class names, found none".into() });
    }
    Ok(names)
}
