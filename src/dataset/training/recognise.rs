//! Which kind of set lies at a path.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use crate::{
    dataset::{
        SetPart,
        training::{coco_folder, folder, parts::parts},
    },
    error::{Error, Result},
};

/// A kind of set, and where its pieces are.
#[derive(Debug, PartialEq, Eq)]
pub enum SetLayout {
    /// A `.data` file.
    Darknet(PathBuf),
    /// A `data.yaml`.
    DataYaml(PathBuf),
    /// Annotations of COCO's kind.
    Coco(Vec<(SetPart, PathBuf)>),
    /// Folders of annotations of VOC's kind.
    Voc(Vec<(SetPart, PathBuf)>),
    /// Folders of pictures with texts of labels; whether folders below them count.
    Folders(Vec<(SetPart, PathBuf)>, bool),
}

/// What a file or a folder is. A file that describes a set counts more than a layout that looks like one.
///
/// # Errors
/// [`Error::Io`] if there is nothing; [`Error::Usage`] if nothing fits, with what was looked for, or more than one thing, with their names.
pub fn recognise(path: &Path) -> Result<SetLayout> {
    if std::fs::metadata(path).map_err(Error::io(path))?.is_dir() { of_folder(path) } else { of_file(path) }
}

fn of_file(path: &Path) -> Result<SetLayout> {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    match extension.as_deref().and_then(|extension| extension.to_str()) {
        Some("data") => Ok(SetLayout::Darknet(path.to_owned())),
        Some("yaml" | "yml") => Ok(SetLayout::DataYaml(path.to_owned())),
        Some("json") => Ok(SetLayout::Coco(vec![(SetPart::Train, path.to_owned())])),
        other => {
            let hint = match other {
                Some("txt") => "; a list of pictures is named by `train = ..` of a .data file",
                Some("xml") => "; of VOC's annotations name the folder above them",
                _ => "",
            };
            let path = path.display();
            Err(Error::Usage(format!("{path}: expected a folder, a .data, a .yaml or a .json of a data set{hint}")))
        }
    }
}

fn of_folder(root: &Path) -> Result<SetLayout> {
    let yaml = ["data.yaml", "data.yml", "dataset.yaml", "dataset.yml"].map(|name| root.join(name));
    let mut found: Vec<(String, SetLayout)> = Vec::new();
    let mut add = |what: String, layout: SetLayout| found.push((what, layout));
    for file in folder::ending(root, "data") {
        add(file.display().to_string(), SetLayout::Darknet(file));
    }
    for file in yaml.into_iter().filter(|file| file.is_file()) {
        add(file.display().to_string(), SetLayout::DataYaml(file));
    }
    for parts in coco_folder::find(root)? {
        let files: Vec<String> = parts.iter().map(|(_, file)| file.display().to_string()).collect();
        add(files.join(" with "), SetLayout::Coco(parts));
    }
    for parts in [voc(root)].into_iter().filter(|parts| !parts.is_empty()) {
        let folders: Vec<String> = parts.iter().map(|(_, folder)| folder.join("*.xml").display().to_string()).collect();
        add(folders.join(" with "), SetLayout::Voc(parts));
    }
    if found.len() > 1 {
        let all: Vec<String> = found.into_iter().map(|(what, _)| what).collect();
        let (root, all) = (root.display(), all.join(", "));
        return Err(Error::Usage(format!(
            "{root}: more than one data set: {all}; name the file of the one that is meant"
        )));
    }
    if let Some((_, layout)) = found.pop() {
        return Ok(layout);
    }
    folders(root)?.ok_or_else(|| {
        let looked = "*.data (Darknet), data.yaml (YOLO), annotations/instances_*.json or _annotations.coco.json (COCO), \
                      Annotations/*.xml (VOC), and pictures in images/train, train/images, train, images or the folder itself, with \
                      labels in .txt";
        Error::Usage(format!("{}: no data set: looked for {looked}", root.display()))
    })
}

/// Annotations of VOC's kind: in a folder of that name, in those of the parts, or right here.
fn voc(root: &Path) -> Vec<(SetPart, PathBuf)> {
    let has = |folder: &Path| !folder::ending(folder, "xml").is_empty();
    let named = ["Annotations", "annotations"].map(|name| root.join(name));
    if let Some(folder) = named.into_iter().find(|folder| has(folder)) {
        return vec![(SetPart::Train, folder)];
    }
    match parts(root, has) {
        Ok(parts) if !parts.is_empty() => parts,
        // Other programs leave XML about, too.
        _ if folder::ending(root, "xml").iter().any(|file| is_annotation(file)) => vec![(SetPart::Train, root.into())],
        _ => vec![],
    }
}

fn is_annotation(file: &Path) -> bool {
    let mut bytes = Vec::new();
    let beginning = File::open(file).and_then(|file| file.take(2000).read_to_end(&mut bytes));
    beginning.is_ok() && bytes.windows(11).any(|w| w == b"<annotation")
}

fn folders(root: &Path) -> Result<Option<SetLayout>> {
    let deep = |folder: &Path| !folder::pictures(folder, true).0.is_empty();
    let images = root.join("images");
    let in_images = parts(&images, deep)?;
    if !in_images.is_empty() {
        return Ok(Some(SetLayout::Folders(in_images, true)));
    }
    let inner = parts(root, |folder| deep(&folder.join("images")))?;
    if !inner.is_empty() {
        let inner = inner.into_iter().map(|(part, folder)| (part, folder.join("images"))).collect();
        return Ok(Some(SetLayout::Folders(inner, true)));
    }
    let plain = parts(root, deep)?;
    if !plain.is_empty() {
        return Ok(Some(SetLayout::Folders(plain, true)));
    }
    let here = [images.as_path(), root].into_iter().find(|folder| folder::has_pictures(folder));
    Ok(here.map(|folder| SetLayout::Folders(vec![(SetPart::Train, folder.to_owned())], false)))
}
