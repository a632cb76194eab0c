//! Darknet's `.data`: `key = value` lines that name the other files.

use std::path::{Path, PathBuf};

use crate::{
    error::{Error, Result},
    model::text,
};

/// What detection needs of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// `classes`, and the line where it stands.
    pub classes: Option<(usize, usize)>,
    /// `names`: as written if that is there (Darknet's way: from the working folder), else beside the `.data` file, else above its folder.
    pub names: Option<PathBuf>,
}

/// Reads a file; keys about training are passed over.
///
/// # Errors
/// [`Error::Io`]; [`Error::Text`] with the line, and for a file of names the places where it was looked for.
pub fn read(path: impl AsRef<Path>) -> Result<Data> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let mut data = Data::default();
    let text = text::unicode(&bytes).unwrap_or_else(|| text::latin1(&bytes).into());
    for (i, line) in text::lines(&text).enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let fail = |message: String| Error::Text { file: path.to_owned(), line: i + 1, message };
        let (key, value) = line.split_once('=').ok_or_else(|| fail(format!("expected key = value, found `{line}`")))?;
        match (key.trim(), value.trim()) {
            ("classes", n) => {
                let n = n.parse().map_err(|_| fail(format!("classes: expected a whole number, found `{n}`")))?;
                data.classes = Some((n, i + 1));
            }
            ("names" | "labels", file) => data.names = Some(find(path, file).map_err(fail)?),
            _ => {}
        }
    }
    Ok(data)
}

/// Where the file is that a `.data` file names.
fn find(data: &Path, file: &str) -> std::result::Result<PathBuf, String> {
    let beside = data.parent().unwrap_or(Path::new(""));
    // A folder without a name is the working folder, and what is above it `..`.
    let above = if beside.as_os_str().is_empty() { Path::new("..").to_owned() } else { beside.join("..") };
    let places = [PathBuf::from(file), beside.join(file), above.join(file)];
    let found = places.iter().find(|place| place.exists()).cloned();
    found.ok_or_else(|| {
        let tried: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        format!("names: there is no {}", tried.join(", no "))
    })
}
