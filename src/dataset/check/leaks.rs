//! Pictures that are in a set more than once.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use crate::dataset::{Fault, FaultKind, LabelledPicture, SetPart, TrainingSet, check::look::LookedAt};

/// How two pictures are the same.
#[derive(Clone, Copy)]
enum Same {
    Path,
    File,
    Pixels,
}

impl Same {
    fn words(self) -> &'static str {
        match self {
            Self::Path => "the same path",
            Self::File => "the same file under another name",
            Self::Pixels => "the same pixels in another file",
        }
    }
}

/// Pictures that two parts have, and those that one part has under two names.
pub fn leaks(set: &TrainingSet, looks: &BTreeMap<&Path, LookedAt>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let indices = SetPart::ALL.map(|part| Index::of(set.part(part), looks));
    for (at, part) in SetPart::ALL.into_iter().enumerate() {
        for (first, earlier) in SetPart::ALL.into_iter().zip(&indices).take(at) {
            faults.extend(between(set, part, first, earlier, looks));
        }
        faults.extend(within(set.part(part), looks));
    }
    faults
}

fn between(
    set: &TrainingSet,
    part: SetPart,
    first: SetPart,
    earlier: &Index<'_>,
    looks: &BTreeMap<&Path, LookedAt>,
) -> Vec<Fault> {
    let pictures = set.part(part);
    let found = |picture: &LabelledPicture| {
        let (other, same) = earlier.find(&picture.image.path, looks)?;
        let message = format!("is {part} and {first} at once: {} is {}", other.display(), same.words());
        let file = match (&picture.listed, same) {
            (Some((list, line)), Same::Path) => Fault::new(FaultKind::Leak, list, *line, message),
            _ => Fault::new(FaultKind::Leak, &picture.image.path, None, message),
        };
        Some(file)
    };
    let faults: Vec<Fault> = pictures.iter().filter_map(found).collect();
    if faults.len() > 1 && faults.len() == pictures.len() {
        let file = pictures[0].listed.as_ref().map_or(&set.source, |(list, _)| list);
        let message = format!("all {} pictures of {part} are {first} too", faults.len());
        return vec![Fault::new(FaultKind::Leak, file, None, message)];
    }
    faults
}

fn within(pictures: &[LabelledPicture], looks: &BTreeMap<&Path, LookedAt>) -> Vec<Fault> {
    let mut index = Index::default();
    let mut faults = Vec::new();
    for picture in pictures {
        let path = &picture.image.path;
        if let Some((other, same)) = index.find(path, looks) {
            let message = format!("{} is {}", other.display(), same.words());
            faults.push(Fault::new(FaultKind::Copy, path, None, message));
        } else {
            index.add(path, looks);
        }
    }
    faults
}

/// Pictures by what tells them from others.
#[derive(Default)]
struct Index<'p> {
    paths: HashMap<&'p Path, &'p Path>,
    files: HashMap<[u8; 20], &'p Path>,
    pixels: HashMap<[u8; 20], &'p Path>,
}

impl<'p> Index<'p> {
    fn of(pictures: &'p [LabelledPicture], looks: &BTreeMap<&Path, LookedAt>) -> Self {
        let mut index = Self::default();
        pictures.iter().for_each(|picture| index.add(&picture.image.path, looks));
        index
    }

    fn add(&mut self, path: &'p Path, looks: &BTreeMap<&Path, LookedAt>) {
        self.paths.insert(path, path);
        let look = looks.get(path);
        if let Some(sum) = look.and_then(|look| look.file) {
            self.files.entry(sum).or_insert(path);
        }
        if let Some(sum) = look.and_then(|look| look.pixels) {
            self.pixels.entry(sum).or_insert(path);
        }
    }

    fn find(&self, path: &Path, looks: &BTreeMap<&Path, LookedAt>) -> Option<(&'p Path, Same)> {
        let look = looks.get(path);
        let by = |map: &HashMap<[u8; 20], &'p Path>, sum: Option<[u8; 20]>| map.get(&sum?).copied();
        let file = || by(&self.files, look?.file);
        let pixels = || by(&self.pixels, look?.pixels);
        let path = self.paths.get(path).map(|path| (*path, Same::Path));
        path.or_else(|| Some((file()?, Same::File))).or_else(|| Some((pixels()?, Same::Pixels)))
    }
}
