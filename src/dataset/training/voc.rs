//! VOC's sets: a folder of annotations in XML, one of pictures, and lists of their names a part.

use std::{
    collections::{BTreeSet, HashSet},
    path::{Path, PathBuf},
};

use crate::{
    dataset::{
        Fault, FaultKind, SetPart,
        each::each,
        lists,
        training::picture_files::picture_of,
        training::{
            boxes::{FoundPicture, Marked, judge},
            folder, names,
            set::{LabelledPicture, TrainingSet},
            voc_xml::{VocFile, parse},
        },
    },
    error::Result,
};

/// A name of a list, or of an annotation where there are no lists.
struct Entry {
    part: SetPart,
    name: PathBuf,
    annotations: PathBuf,
    listed: Option<(PathBuf, usize)>,
}

/// What was read of one.
struct Annotated {
    picture: Option<PathBuf>,
    file: Option<PathBuf>,
    voc: VocFile,
    faults: Vec<Fault>,
}

/// Reads the folders of annotations; a single one is divided by `ImageSets/Main` of `root` where that is. Classes are those of a file of
/// names in `root`, or else all names that occur, in order.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) for the file of names.
pub fn read(root: &Path, parts: &[(SetPart, PathBuf)]) -> Result<TrainingSet> {
    let annotations = parts.first().map_or_else(|| root.to_owned(), |(_, folder)| folder.clone());
    let mut faults = Vec::new();
    let entries = entries(root, parts, &mut faults);
    let read = each(&entries, |entry| one(root, entry));
    let mut set = TrainingSet { source: root.to_owned(), ..TrainingSet::default() };
    if let Some(file) = names::find(&[root.to_owned()]) {
        let (classes, lines) = names::read(&file, &mut faults)?;
        (set.classes, set.named) = (classes, (file, lines));
    } else {
        let found = read.iter().flat_map(|read| &read.voc.objects).map(|object| object.name.as_str());
        set.classes = found.collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect();
        set.named.0 = annotations.clone();
        names::judge(&set.classes, &set.named.0, &[], &mut faults);
        if set.classes.is_empty() {
            faults.push(Fault::new(FaultKind::ClassNames, &set.named.0, None, "no annotation has an object"));
        }
    }
    let difficult: usize = read.iter().map(|read| read.voc.difficult).sum();
    if difficult > 0 {
        let message = format!("{difficult} objects are left out as difficult");
        faults.push(Fault::new(FaultKind::Remark, &annotations, None, message));
    }
    for (entry, read) in entries.into_iter().zip(read) {
        faults.extend(read.faults.iter().cloned());
        let id = set.part(entry.part).len() as u64 + 1;
        let picture = labelled(&entry, read, id, &set.classes, &mut faults);
        set.part_mut(entry.part).extend(picture);
    }
    set.faults = faults;
    Ok(set)
}

/// The names of each part: of its list, or of its annotations and the pictures beside them.
fn entries(root: &Path, parts: &[(SetPart, PathBuf)], faults: &mut Vec<Fault>) -> Vec<Entry> {
    let [(_, annotations)] = parts else {
        return parts.iter().flat_map(|(part, folder)| all(root, *part, folder)).collect();
    };
    let list = |name: &str| Some(root.join("ImageSets/Main").join(name)).filter(|file| file.is_file());
    let (valid, test) = (list("val.txt"), list("test.txt"));
    let train = list("train.txt").or_else(|| list("trainval.txt"));
    let lists = [(SetPart::Valid, valid), (SetPart::Test, test), (SetPart::Train, train.clone())];
    let mut found: Vec<Entry> = Vec::new();
    let whole = train.as_ref().is_none_or(|file| file.ends_with("trainval.txt"));
    for (part, list) in lists.into_iter().filter_map(|(part, list)| Some((part, list?))) {
        let mut listed = of_list(part, &list, annotations, faults);
        if part == SetPart::Train && whole {
            let others: HashSet<PathBuf> = found.iter().map(|entry| entry.name.clone()).collect();
            listed.retain(|entry| !others.contains(&entry.name));
        }
        found.extend(listed);
    }
    let named: HashSet<PathBuf> = found.iter().map(|entry| entry.name.clone()).collect();
    let mut others: Vec<Entry> = all(root, SetPart::Train, annotations);
    others.retain(|entry| !named.contains(&entry.name));
    if train.is_none() {
        found.extend(others);
    } else if !others.is_empty() {
        let message = format!("{} annotations or pictures are in no list", others.len());
        faults.push(Fault::new(FaultKind::Remark, root.join("ImageSets/Main"), None, message));
    }
    found.sort_by_key(|entry| entry.part);
    found
}

fn of_list(part: SetPart, list: &Path, annotations: &Path, faults: &mut Vec<Fault>) -> Vec<Entry> {
    let bytes = match std::fs::read(list) {
        Ok(bytes) => bytes,
        Err(e) => {
            faults.push(Fault::new(FaultKind::NoPicture, list, None, format!("the list cannot be read: {e}")));
            return vec![];
        }
    };
    let names = lists::numbered(&bytes);
    if names.is_empty() {
        faults.push(Fault::new(FaultKind::EmptyList, list, 1, "expected a name a line, found none"));
    }
    let (mut seen, mut entries) = (HashSet::new(), Vec::with_capacity(names.len()));
    for (line, name) in names {
        if !seen.insert(name.clone()) {
            let message = format!("{} is listed twice, and counts once", name.display());
            faults.push(Fault::new(FaultKind::ListedTwice, list, line, message));
            continue;
        }
        let (annotations, listed) = (annotations.to_owned(), Some((list.to_owned(), line)));
        entries.push(Entry { part, name, annotations, listed });
    }
    entries
}

/// All annotations of a folder, and the pictures that have none.
fn all(root: &Path, part: SetPart, annotations: &Path) -> Vec<Entry> {
    let mut names: BTreeSet<PathBuf> = BTreeSet::new();
    let pictures = picture_folders(root, annotations).into_iter().flat_map(|folder| folder::pictures(&folder, false).0);
    for file in folder::ending(annotations, "xml").into_iter().chain(pictures) {
        names.extend(file.file_stem().map(PathBuf::from));
    }
    let entry = |name| Entry { part, name, annotations: annotations.to_owned(), listed: None };
    names.into_iter().map(entry).collect()
}

/// Where the pictures of annotations may lie. The folder of the set itself only counts if it has no other.
fn picture_folders(root: &Path, annotations: &Path) -> Vec<PathBuf> {
    let named: Vec<PathBuf> = ["JPEGImages", "images"].iter().map(|name| root.join(name)).collect();
    let there: Vec<PathBuf> = named.into_iter().filter(|folder| folder.is_dir()).collect();
    let called = annotations.file_name().is_some_and(|name| name.eq_ignore_ascii_case("annotations"));
    match (called, there.is_empty()) {
        (false, _) => vec![annotations.to_owned()],
        (true, false) => there,
        (true, true) => vec![root.to_owned(), annotations.to_owned()],
    }
}

fn one(root: &Path, Entry { name, annotations, .. }: &Entry) -> Annotated {
    let mut with_end = name.clone().into_os_string();
    with_end.push(".xml");
    let file = Some(annotations.join(with_end)).filter(|file| file.is_file());
    let (voc, faults) = match file.as_ref().map(|file| (file, std::fs::read(file))) {
        None => (VocFile::default(), vec![]),
        Some((file, Ok(bytes))) => parse(&bytes, file),
        Some((file, Err(e))) => {
            let message = format!("cannot be read: {e}");
            (VocFile::default(), vec![Fault::new(FaultKind::Unparsable, file, None, message)])
        }
    };
    let folders = picture_folders(root, annotations);
    let by_stem = folders.iter().find_map(|folder| picture_of(&folder.join(name)));
    let called =
        || folders.iter().find_map(|folder| Some(folder.join(voc.filename.as_ref()?)).filter(|path| path.is_file()));
    Annotated { picture: by_stem.or_else(called), file, voc, faults }
}

fn labelled(
    Entry { name, annotations, listed, .. }: &Entry,
    Annotated { picture, file, voc, faults: wrong }: Annotated,
    id: u64,
    classes: &[String],
    faults: &mut Vec<Fault>,
) -> Option<LabelledPicture> {
    let Some(path) = picture else {
        let name = name.display();
        faults.push(match (listed, file) {
            (Some((list, line)), _) => {
                Fault::new(FaultKind::NoPicture, list, *line, format!("there is no picture of the name {name}"))
            }
            (None, file) => {
                let message = format!("there is no picture of the name {name}, so its labels are lost");
                Fault::new(FaultKind::Orphan, file.unwrap_or_else(|| annotations.clone()), None, message)
            }
        });
        return None;
    };
    match &file {
        None => {
            let (message, name) = ("has no labels, and counts as a picture of nothing: there is no", name.display());
            let message = format!("{message} {}", annotations.join(format!("{name}.xml")).display());
            faults.push(Fault::new(FaultKind::NoLabels, &path, None, message));
        }
        Some(file) if voc.objects.is_empty() && voc.difficult == 0 && wrong.is_empty() => {
            faults.push(Fault::new(FaultKind::Negative, file, None, "has no object: a picture of nothing"));
        }
        Some(_) => {}
    }
    let mut boxes = Vec::with_capacity(voc.objects.len());
    for object in voc.objects {
        match classes.iter().position(|class| *class == object.name) {
            Some(class) => {
                let (line, sides) = (object.line, object.sides);
                boxes.push(Marked { line, name: String::new(), class, sides, area: None, crowd: false });
            }
            None => {
                let message = format!("class `{}`: expected one of {}", object.name, classes.join(", "));
                let file = file.clone().unwrap_or_default();
                faults.push(Fault::new(FaultKind::UnknownClass, file, object.line, message));
            }
        }
    }
    let (size, size_line) = voc.size.unzip();
    let found = FoundPicture {
        id,
        path,
        listed: listed.clone(),
        labels: file,
        size,
        size_line,
        pixels: true,
        boxes,
        left_out: vec![],
    };
    Some(judge(found, classes, faults))
}
