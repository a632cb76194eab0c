//! A list of the pictures to be measured on, beside a set that has none.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use crate::{
    dataset::{
        Fault, FaultKind,
        labelled::Written,
        lists,
        training::{
            coco,
            listing::Listed,
            set::{LabelledPicture, TrainingSet},
            text_labels::labelled,
        },
    },
    error::{Error, Result},
};

/// Takes the pictures of `list` out of those to be learnt from: by path, by name, or by name without its end, as VOC lists them. One that
/// is not of the set is read with its labels if the set's are texts. A `.json` is annotations of COCO, whose pictures join the set.
///
/// # Errors
/// [`Error::Io`], [`Error::Text`]
pub fn take(set: &mut TrainingSet, list: &Path) -> Result<()> {
    if list.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        set.valid = coco::read_part(set, list)?;
        return Ok(());
    }
    let bytes = std::fs::read(list).map_err(Error::io(list))?;
    let folder = list.parent().unwrap_or(Path::new(""));
    let lines = lists::numbered(&bytes);
    if lines.is_empty() {
        set.faults.push(Fault::new(FaultKind::EmptyList, list, 1, "expected a picture a line, found none"));
    }
    let known = Known::of(&set.train);
    let texts = set.train.iter().all(|picture| matches!(picture.image.written, Written::Fractions(_)));
    let (mut taken, mut new) = (BTreeMap::new(), Vec::new());
    let mut seen: HashMap<PathBuf, usize> = HashMap::new();
    for (line, path) in lines {
        let at = lists::find(&path, folder).filter(|at| at.is_file());
        let place = Some((list.to_owned(), line));
        if let Some(first) = seen.insert(path.clone(), line) {
            let message = format!("{} is listed twice, first in line {first}, and counts once", path.display());
            set.faults.push(Fault::new(FaultKind::ListedTwice, list, line, message));
        } else if let Some(index) = known.find(&path, at.as_deref()) {
            taken.insert(index, place);
        } else if let Some(path) = at.filter(|_| texts) {
            new.push(Listed { path, place });
        } else {
            let message = format!("{} is no picture of {}", path.display(), set.source.display());
            set.faults.push(Fault::new(FaultKind::NoPicture, list, line, message));
        }
    }
    for (at, mut picture) in std::mem::take(&mut set.train).into_iter().enumerate() {
        if let Some(place) = taken.remove(&at) {
            picture.listed = place;
            set.valid.push(picture);
        } else {
            set.train.push(picture);
        }
    }
    let first = set.train.iter().chain(&set.valid).map(|picture| picture.image.id).max().unwrap_or(0).saturating_add(1);
    let mut new = labelled(&new, &set.classes, list, &mut set.faults);
    (0..).zip(&mut new).for_each(|(at, picture)| picture.image.id = first.saturating_add(at));
    set.valid.extend(new);
    Ok(())
}

/// Pictures by what a list may call them.
struct Known {
    by_path: HashMap<PathBuf, usize>,
    /// By name and by name without its end; none where two are called so.
    by_name: HashMap<PathBuf, Option<usize>>,
}

impl Known {
    fn of(pictures: &[LabelledPicture]) -> Self {
        let (mut by_path, mut by_name) = (HashMap::new(), HashMap::new());
        for (at, picture) in pictures.iter().enumerate() {
            let path = &picture.image.path;
            by_path.insert(plain(path), at);
            let names: BTreeSet<PathBuf> =
                [path.file_name(), path.file_stem()].into_iter().flatten().map(PathBuf::from).collect();
            for name in names {
                by_name.entry(name).and_modify(|found| *found = None).or_insert(Some(at));
            }
        }
        Self { by_path, by_name }
    }

    /// The picture that is written so, and lies `at`.
    fn find(&self, written: &Path, at: Option<&Path>) -> Option<usize> {
        let by_path = at.and_then(|at| self.by_path.get(&plain(at)).copied());
        // One that lies elsewhere is another, if it is called the same.
        let by_name = || self.by_name.get(Path::new(written.file_name()?)).copied().flatten();
        by_path.or_else(|| if at.is_some() { None } else { by_name() })
    }
}

/// The same path however it is written.
fn plain(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
