//! Where the labels of a picture lie.

use std::{
    ffi::OsStr,
    path::{Component, Path, PathBuf},
};

/// Where the labels of a picture may lie: beside it, or in a folder `labels` that stands where `images` or `JPEGImages` does. That one is
/// looked into first where Darknet looks nowhere else.
pub fn label_files(picture: &Path) -> Vec<PathBuf> {
    let beside = picture.with_extension("txt");
    let parts: Vec<Component<'_>> = picture.components().collect();
    let folder = |name: &str| parts.iter().rposition(|part| part.as_os_str() == OsStr::new(name));
    let Some(at) = folder("JPEGImages").or_else(|| folder("images")).filter(|at| at + 1 < parts.len()) else {
        return vec![beside];
    };
    let replaced =
        parts.iter().enumerate().map(|(i, part)| if i == at { OsStr::new("labels") } else { part.as_os_str() });
    let labels = replaced.collect::<PathBuf>().with_extension("txt");
    let years = ["train2014", "val2014", "train2017", "val2017"].map(OsStr::new);
    let only = parts[at].as_os_str() == OsStr::new("JPEGImages") || years.contains(&parts[at + 1].as_os_str());
    if only { vec![labels, beside] } else { vec![beside, labels] }
}
