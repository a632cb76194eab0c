//! Darknet's `.data`: `key = value` lines that name the other files.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// What detection needs of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// `classes`
    pub classes: Option<usize>,
    /// `names`: as written if that exists, else relative to the `.data` file's folder.
    pub names: Option<PathBuf>,
}

/// Reads a file; keys about training are passed over.
///
/// # Errors
/// [`Error::Io`], or [`Error::Text`] with the line.
pub fn read(path: impl AsRef<Path>) -> Result<Data> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let mut data = Data::default();
    for (i, line) in text(path, &bytes)?.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let fail = |message: String| Error::Text { file: path.to_owned(), line: i + 1, message };
        let (key, value) = line.split_once('=').ok_or_else(|| fail(format!("expected key = value, found `{line}`")))?;
        match (key.trim(), value.trim()) {
            ("classes", n) => {
                let n = n.parse().map_err(|_| fail(format!("classes: expected a whole number, found `{n}`")))?;
                data.classes = Some(n);
            }
            ("names" | "labels", file) => {
                let beside = path.parent().unwrap_or(Path::new("")).join(file);
                data.names = Some(if Path::new(file).exists() { file.into() } else { beside });
            }
            _ => {}
        }
    }
    Ok(data)
}

/// The text of a file; `path` is for errors.
pub(in crate::model) fn text<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|e| {
        let good = &bytes[..e.valid_up_to()];
        let line = 1 + good.iter().filter(|b| **b == b'\n').count();
        Error::Text { file: path.to_owned(), line, message: "is not UTF-8 text".into() }
    })
}
