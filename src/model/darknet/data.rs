//! Darknet's `.data`: `key = value` lines that name the other files.

use std::path::{Path, PathBuf};

use crate::{
    error::{Error, Result},
    model::text,
};

/// What detection and evaluation need of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// `classes`, and the line where it stands.
    pub classes: Option<(usize, usize)>,
    /// `names`, found as [`find`] does.
    pub names: Option<PathBuf>,
    /// `train`, the list of pictures to be learnt from, as written: [`find`] finds it.
    pub train: Option<Named>,
    /// `valid`, the list of pictures to be measured on, as written.
    pub valid: Option<Named>,
    /// `backup`, the folder for what a training leaves, as written.
    pub backup: Option<Named>,
    /// `difficult`, as written.
    pub difficult: Option<Named>,
}

/// A file as a line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The key of the line.
    key: &'static str,
    /// What it says.
    file: String,
    /// The number of the line, from 1.
    line: usize,
}

impl Named {
    /// What the line says.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The number of the line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

/// Reads a file; other keys are passed over.
///
/// # Errors
/// [`Error::Io`]; [`Error::Text`] with the line, and for a file of names the places where it was looked for.
pub fn read(path: impl AsRef<Path>) -> Result<Data> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let mut data = Data::default();
    let text = text::any(&bytes);
    for (i, line) in text::lines(&text).enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let fail = |message: String| Error::Text { file: path.to_owned(), line: i + 1, message };
        let named = |key, file: &str| Named { key, file: file.to_owned(), line: i + 1 };
        let (key, value) = line.split_once('=').ok_or_else(|| fail(format!("expected key = value, found `{line}`")))?;
        match (key.trim(), value.trim()) {
            ("classes", n) => {
                let n = n.parse().map_err(|_| fail(format!("classes: expected a whole number, found `{n}`")))?;
                data.classes = Some((n, i + 1));
            }
            ("names" | "labels", file) => data.names = Some(find(path, &named("names", file))?),
            ("train", file) => data.train = Some(named("train", file)),
            ("backup", file) => data.backup = Some(named("backup", file)),
            ("valid", file) => data.valid = Some(named("valid", file)),
            ("difficult", file) => data.difficult = Some(named("difficult", file)),
            _ => {}
        }
    }
    Ok(data)
}

/// Where the file is that a `.data` file names: as written if that is there (Darknet's way: from the working folder), else beside the
/// `.data` file, else above its folder.
///
/// # Errors
/// [`Error::Text`] with the line, and the places where it was looked for.
pub fn find(data: &Path, Named { key, file, line }: &Named) -> Result<PathBuf> {
    let beside = data.parent().unwrap_or(Path::new(""));
    // A folder without a name is the working folder, and what is above it `..`.
    let above = if beside.as_os_str().is_empty() { Path::new("..").to_owned() } else { beside.join("..") };
    let places = [PathBuf::from(file), beside.join(file), above.join(file)];
    let found = places.iter().find(|place| place.exists()).cloned();
    found.ok_or_else(|| {
        let tried: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        let message = format!("{key}: there is no {}", tried.join(", no "));
        Error::Text { file: data.to_owned(), line: *line, message }
    })
}
