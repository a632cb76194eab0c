//! Where COCO's annotations lie in a folder, and where the pictures of annotations lie.

use std::path::{Path, PathBuf};

use crate::{
    dataset::{
        SetPart,
        training::{
            folder,
            parts::{part_named, parts},
        },
    },
    error::Result,
};

/// Roboflow's name of annotations, beside their pictures.
const BESIDE: &str = "_annotations.coco.json";

/// The sets of annotations in a folder: one, none, or more where it is not clear which files belong together.
///
/// # Errors
/// [`Error::Usage`](crate::Error::Usage) if two folders are the same part.
pub fn find(root: &Path) -> Result<Vec<Vec<(SetPart, PathBuf)>>> {
    let mut sets = Vec::new();
    let beside = parts(root, |folder| folder.join(BESIDE).is_file())?;
    if !beside.is_empty() {
        sets.push(beside.into_iter().map(|(part, folder)| (part, folder.join(BESIDE))).collect());
    }
    // Where case says nothing, both are the same folder.
    let below = ["annotations", "Annotations"].map(|name| root.join(name)).into_iter().find(|folder| folder.is_dir());
    for folder in [root.to_owned()].into_iter().chain(below) {
        let own = folder.as_path() == root;
        let files = folder::ending(&folder, "json").into_iter().filter(|file| !own || called_so(file));
        let instances = |file: &PathBuf| stem(file).starts_with("instances");
        let (objects, others): (Vec<PathBuf>, Vec<PathBuf>) = files.partition(instances);
        // Captions and key points lie beside the objects.
        let files = if objects.is_empty() { others } else { objects };
        sets.extend(together(files));
    }
    Ok(sets)
}

/// Whether a `.json` is called like annotations: others lie about in the folder of a set.
fn called_so(file: &Path) -> bool {
    let stem = stem(file).to_ascii_lowercase();
    ["instances", "annotation", "coco"].iter().any(|word| stem.contains(word)) || part_named(&stem).is_some()
}

fn stem(file: &Path) -> &str {
    file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("")
}

/// What a file's name says behind its last `_`: `train2017` of `instances_train2017`.
fn last_word(file: &Path) -> &str {
    stem(file).rsplit(['_', '-', '.']).next().unwrap_or("")
}

/// Files as sets: one if each is a part of its own, else each by itself.
fn together(files: Vec<PathBuf>) -> Vec<Vec<(SetPart, PathBuf)>> {
    let part = |file: &Path| part_named(last_word(file)).or_else(|| part_named(stem(file).split(['_', '-']).next()?));
    let mut named: Vec<(SetPart, PathBuf)> =
        files.iter().filter_map(|file| Some((part(file)?, file.clone()))).collect();
    named.sort();
    let distinct = named.windows(2).all(|pair| pair[0].0 != pair[1].0);
    if !named.is_empty() && named.len() == files.len() && distinct && named[0].0 == SetPart::Train {
        return vec![named];
    }
    files.into_iter().map(|file| vec![(SetPart::Train, file)]).collect()
}

/// The folder in which the pictures of `annotations` lie: the first in which one of `names` is; else those that were tried.
pub fn pictures(annotations: &Path, names: &[&str]) -> std::result::Result<PathBuf, Vec<PathBuf>> {
    let here = annotations.parent().unwrap_or(Path::new(""));
    let above = if here.as_os_str().is_empty() { PathBuf::from("..") } else { here.join("..") };
    let (split, whole) = (last_word(annotations), stem(annotations));
    let mut tried: Vec<PathBuf> = vec![here.to_owned(), here.join("images"), here.join(split), here.join(whole)];
    tried.extend([above.join(split), above.join("images").join(split), above.join("images"), above]);
    tried.dedup();
    tried.iter().find(|folder| names.iter().any(|name| folder.join(name).is_file())).cloned().ok_or(tried)
}
