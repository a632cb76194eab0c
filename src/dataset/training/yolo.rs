//! YOLO's sets: a `data.yaml`, or folders of pictures; a text of labels a picture, as Darknet's.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use crate::{
    dataset::{
        Fault, FaultKind, SetPart,
        training::{
            data_yaml::{self, DataYaml},
            listing::{self, Listed},
            names,
            orphans::tell_orphans,
            set::TrainingSet,
            text_labels::labelled,
        },
    },
    error::{Error, Result},
};

/// Reads folders of pictures; `deep`: with the folders below them. Names are looked for in `root`, in the folders, and where labels lie.
///
/// # Errors
/// [`Error::Usage`] if there are no names; [`Error::Io`].
pub fn read_folders(root: &Path, parts: Vec<(SetPart, PathBuf)>, deep: bool) -> Result<TrainingSet> {
    let mut places = vec![root.to_owned(), root.join("labels")];
    for (_, folder) in &parts {
        let inside = folder.parent().unwrap_or(Path::new("")).to_owned();
        let labels = if folder.ends_with("images") {
            inside.join("labels")
        } else {
            root.join("labels").join(folder.file_name().unwrap_or_default())
        };
        places.extend([folder.clone(), inside, labels]);
    }
    let mut seen = HashSet::new();
    places.retain(|place| place.is_dir() && place.starts_with(root) && seen.insert(place.clone()));
    let file = names::find(&places).ok_or_else(|| names::not_found(root, &places))?;
    let mut faults = Vec::new();
    let (classes, lines) = names::read(&file, &mut faults)?;
    let mut set = TrainingSet { source: root.to_owned(), classes, named: (file, lines), ..TrainingSet::default() };
    for (part, folder) in parts {
        let listed = listing::of_folder(&folder, deep, &mut faults);
        *set.part_mut(part) = labelled(&listed, &set.classes, &folder, &mut faults);
    }
    set.faults = faults;
    tell_orphans(&mut set);
    Ok(set)
}

/// Reads what a `data.yaml` names.
///
/// # Errors
/// [`Error::Io`]; [`Error::Text`] with the line.
pub fn read_yaml(file: &Path) -> Result<TrainingSet> {
    let DataYaml { names, nc, path, parts } = data_yaml::read(file)?;
    let lacks =
        |key: &str| Error::Text { file: file.to_owned(), line: 1, message: format!("expected `{key}`, found none") };
    if names.is_empty() {
        return Err(lacks("names"));
    }
    if parts[0].is_empty() {
        return Err(lacks("train"));
    }
    let mut faults = Vec::new();
    let (classes, lines): (Vec<String>, Vec<Option<usize>>) =
        names.into_iter().map(|(name, line)| (name, Some(line))).unzip();
    names::judge(&classes, file, &lines, &mut faults);
    if let Some((number, line)) = nc.filter(|(number, _)| *number != classes.len()) {
        let message = format!("nc: {number}, but there are {} names", classes.len());
        faults.push(Fault::new(FaultKind::ClassNames, file, line, message));
    }
    let mut set =
        TrainingSet { source: file.to_owned(), classes, named: (file.to_owned(), lines), ..TrainingSet::default() };
    let bases = bases(file, path.as_ref().map(|(path, _)| Path::new(path)));
    for (part, entries) in SetPart::ALL.into_iter().zip(parts) {
        let (mut listed, mut places): (Vec<Listed>, Vec<PathBuf>) = (Vec::new(), Vec::new());
        for (entry, line) in entries {
            let Some(place) = find(&entry, &bases) else {
                let tried: Vec<String> = bases.iter().map(|base| base.join(&entry).display().to_string()).collect();
                let message = format!("{part}: there is no {}", tried.join(", no "));
                faults.push(Fault::new(FaultKind::NoPicture, file, line, message));
                continue;
            };
            listed.extend(match place.is_dir() {
                true => listing::of_folder(&place, true, &mut faults),
                false => listing::of_list(&place, &mut faults),
            });
            places.push(place);
        }
        if let Some(place) = places.first() {
            *set.part_mut(part) = labelled(&listed, &set.classes, place, &mut faults);
        }
    }
    set.faults = faults;
    tell_orphans(&mut set);
    Ok(set)
}

/// The folders that what a `data.yaml` names may be looked for from.
fn bases(file: &Path, path: Option<&Path>) -> Vec<PathBuf> {
    let beside = file.parent().unwrap_or(Path::new("")).to_owned();
    let mut bases = Vec::new();
    if let Some(path) = path {
        bases.extend([beside.join(path), path.to_owned()]);
    }
    bases.push(beside);
    bases.dedup();
    bases
}

/// Where an entry leads. Roboflow writes `../train/images` for what lies beside the file.
fn find(entry: &str, bases: &[PathBuf]) -> Option<PathBuf> {
    // Windows writes the other stroke.
    let plain = entry.replace('\\', "/");
    let inner = plain.trim_start_matches("../");
    let tries = bases.iter().flat_map(|base| [base.join(entry), base.join(&plain), base.join(inner)]);
    tries.into_iter().find(|place| place.exists())
}
