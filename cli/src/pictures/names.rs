//! Names for what is made of each picture.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
};

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
