//! Which folders and files are called like parts of a set.

use std::path::{Path, PathBuf};

use crate::{
    dataset::{SetPart, training::folder},
    error::{Error, Result},
};

/// The part that a folder or file of this name is.
pub fn part_named(name: &str) -> Option<SetPart> {
    let name = name.to_ascii_lowercase();
    match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "train" | "training" => Some(SetPart::Train),
        "val" | "valid" | "validation" => Some(SetPart::Valid),
        "test" | "testing" => Some(SetPart::Test),
        _ => None,
    }
}

/// The folders of `root` that are called like parts and are as `fits` says.
///
/// # Errors
/// [`Error::Usage`] if two are the same part.
pub fn parts(root: &Path, fits: impl Fn(&Path) -> bool) -> Result<Vec<(SetPart, PathBuf)>> {
    let named = |path: PathBuf| Some((part_named(path.file_name()?.to_str()?)?, path));
    let entries = folder::entries(root).unwrap_or_default().into_iter().filter(|path| path.is_dir());
    let mut parts: Vec<(SetPart, PathBuf)> = entries.filter_map(named).filter(|(_, path)| fits(path)).collect();
    parts.sort();
    if let Some([(part, one), (_, other)]) = parts.array_windows().find(|[one, other]| one.0 == other.0) {
        let (one, other) = (one.display(), other.display());
        return Err(Error::Usage(format!(
            "{one} and {other} are both {part}: name them in the `{part}:` of a data.yaml"
        )));
    }
    Ok(parts)
}
