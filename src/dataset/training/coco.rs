//! COCO's sets: a file of annotations a part, and a folder of pictures near it.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    dataset::{
        Fault, FaultKind, SetPart,
        coco_rows::{AnnotationRow, CategoryRow, ImageRow},
        each::each,
        training::{
            boxes::{FoundPicture, Marked, judge},
            coco_folder::pictures,
            names,
            set::{LabelledPicture, TrainingSet},
        },
    },
    error::{Error, Result},
    model::text,
};

/// Rows are taken one by one, so that each has its line and spoils no other.
#[derive(Deserialize)]
struct Rows<'t> {
    #[serde(borrow)]
    images: Vec<&'t RawValue>,
    #[serde(borrow)]
    annotations: Vec<&'t RawValue>,
    #[serde(borrow)]
    categories: Vec<&'t RawValue>,
}

/// Reads a file of annotations a part. Classes are the categories of the first file in the order of their ids; those of the others are
/// told by name.
///
/// # Errors
/// [`Error::Io`]; [`Error::Text`] for what is no JSON of this kind or has no categories.
pub fn read(source: &Path, parts: &[(SetPart, PathBuf)]) -> Result<TrainingSet> {
    let mut set = TrainingSet { source: source.to_owned(), ..TrainingSet::default() };
    for (part, file) in parts {
        *set.part_mut(*part) = read_part(&mut set, file)?;
    }
    Ok(set)
}

/// Reads the pictures of a file for a set, which if it has no classes yet gets the categories.
///
/// # Errors
/// As [`read`].
pub fn read_part(set: &mut TrainingSet, file: &Path) -> Result<Vec<LabelledPicture>> {
    let bytes = std::fs::read(file).map_err(Error::io(file))?;
    let text = text::any(&bytes);
    let fail = |line: usize, message| Error::Text { file: file.to_owned(), line: line.max(1), message };
    let rows: Rows<'_> = serde_json::from_str(&text).map_err(|e| {
        let expected = "expected COCO's annotations of objects (images, annotations, categories)";
        fail(e.line(), format!("{expected}: {e}"))
    })?;
    let mut faults = Vec::new();
    let mut reader = Reader { file, lines: Lines::of(&text), faults: &mut faults };
    let mut categories: Vec<(usize, CategoryRow)> = reader.rows(&rows.categories, "a category (id, name)");
    categories.sort_by_key(|(_, row)| row.id);
    if set.classes.is_empty() {
        let (lines, names) = categories.iter().map(|(line, row)| (Some(*line), row.name.clone())).unzip();
        (set.classes, set.named) = (names, (file.to_owned(), lines));
        names::judge(&set.classes, file, &set.named.1, reader.faults);
    }
    if set.classes.is_empty() {
        return Err(fail(1, "expected categories, found none".into()));
    }
    let class_of = reader.classes(&categories, &set.classes);
    let found = reader.pictures(&rows, &class_of);
    set.faults.extend(faults);
    let judged = each(&found, |found| {
        let mut faults = Vec::new();
        (judge(found.clone(), &set.classes, &mut faults), faults)
    });
    let (pictures, faults): (Vec<LabelledPicture>, Vec<Vec<Fault>>) = judged.into_iter().unzip();
    set.faults.extend(faults.into_iter().flatten());
    Ok(pictures)
}

/// Where the lines of a text begin.
struct Lines<'t> {
    text: &'t str,
    ends: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        Self { text, ends: text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect() }
    }

    /// The line, from 1, of a part of the text.
    fn line(&self, part: &str) -> usize {
        let at = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        1 + self.ends.partition_point(|end| *end < at)
    }
}

struct Reader<'r> {
    file: &'r Path,
    lines: Lines<'r>,
    faults: &'r mut Vec<Fault>,
}

impl Reader<'_> {
    fn tell(&mut self, kind: FaultKind, line: usize, message: String) {
        self.faults.push(Fault::new(kind, self.file, line, message));
    }

    /// The rows that can be read, each with its line.
    fn rows<'t, T: Deserialize<'t>>(&mut self, raw: &[&'t RawValue], expected: &str) -> Vec<(usize, T)> {
        let mut rows = Vec::with_capacity(raw.len());
        for raw in raw {
            let line = self.lines.line(raw.get());
            match serde_json::from_str(raw.get()) {
                Ok(row) => rows.push((line, row)),
                Err(e) => {
                    let shown: String = raw.get().split_whitespace().collect::<Vec<_>>().join(" ");
                    let shown: String = shown.chars().take(100).collect();
                    // The place that it names is one of the row.
                    let e = e.to_string();
                    let why = e.split(" at line ").next().unwrap_or("");
                    self.tell(FaultKind::Unparsable, line, format!("expected {expected}: {why}, found `{shown}`"));
                }
            }
        }
        rows
    }

    /// The class of each category.
    fn classes(&mut self, categories: &[(usize, CategoryRow)], classes: &[String]) -> HashMap<u64, usize> {
        let mut class_of = HashMap::new();
        for (line, CategoryRow { id, name }) in categories {
            let Some(class) = classes.iter().position(|class| class == name) else {
                self.tell(FaultKind::UnknownClass, *line, format!("category {name} is none of those to be learnt"));
                continue;
            };
            if class_of.insert(*id, class).is_some() {
                self.tell(FaultKind::ClassNames, *line, format!("two categories have the id {id}"));
            }
        }
        class_of
    }

    fn pictures(&mut self, rows: &Rows<'_>, class_of: &HashMap<u64, usize>) -> Vec<FoundPicture> {
        let images: Vec<(usize, ImageRow)> = self.rows(&rows.images, "a picture (id, file_name)");
        if images.is_empty() {
            self.tell(FaultKind::EmptyList, 1, "expected pictures in `images`, found none".into());
        }
        let names: Vec<&str> = images.iter().map(|(_, row)| row.file_name.as_str()).collect();
        let mut boxes = self.boxes(rows, &images, class_of);
        // Of most sets the first few say where the others are.
        let few = &names[..names.len().min(10)];
        let folder = match pictures(self.file, few).or_else(|_| pictures(self.file, &names)) {
            Ok(folder) => folder,
            Err(_) if images.is_empty() => return vec![],
            Err(tried) => {
                let tried: Vec<String> = tried.iter().map(|folder| folder.display().to_string()).collect();
                let (n, first, tried) = (images.len(), names.first().unwrap_or(&""), tried.join(", "));
                let message = format!("none of its {n} pictures was found, {first} say, in {tried}");
                self.tell(FaultKind::NoPicture, 1, message);
                return vec![];
            }
        };
        let (mut found, mut ids, mut first_line) = (Vec::with_capacity(images.len()), HashSet::new(), HashMap::new());
        for (line, row) in images {
            let path = folder.join(&row.file_name);
            if !ids.insert(row.id) {
                self.tell(FaultKind::Unparsable, line, format!("two pictures have the id {}", row.id));
            } else if let Some(first) = first_line.insert(path.clone(), line) {
                let message = format!("{} is listed twice, first in line {first}, and counts once", row.file_name);
                self.tell(FaultKind::ListedTwice, line, message);
            } else if !path.is_file() {
                self.tell(FaultKind::NoPicture, line, format!("there is no {}", path.display()));
            } else {
                let boxes = boxes.remove(&row.id).unwrap_or_default();
                if boxes.is_empty() {
                    let message = format!("{} has no annotations: a picture of nothing", row.file_name);
                    self.tell(FaultKind::Negative, line, message);
                }
                let size = row.width.zip(row.height).filter(|(width, height)| *width > 0 && *height > 0);
                found.push(FoundPicture {
                    id: row.id,
                    path,
                    listed: Some((self.file.to_owned(), line)),
                    labels: Some(self.file.to_owned()),
                    size,
                    size_line: Some(line),
                    pixels: true,
                    boxes,
                    left_out: vec![],
                });
            }
        }
        found.sort_by_key(|found| found.id);
        found
    }

    /// The boxes by the ids of their pictures.
    fn boxes(
        &mut self,
        rows: &Rows<'_>,
        images: &[(usize, ImageRow)],
        class_of: &HashMap<u64, usize>,
    ) -> HashMap<u64, Vec<Marked>> {
        let known: HashSet<u64> = images.iter().map(|(_, row)| row.id).collect();
        let mut boxes: HashMap<u64, Vec<Marked>> = HashMap::new();
        let expected = "an annotation (id, image_id, category_id, bbox of left, top, width, height)";
        for (line, row) in self.rows::<AnnotationRow>(&rows.annotations, expected) {
            let name = format!("annotation {}: ", row.id);
            if !known.contains(&row.image_id) {
                let message = format!("{name}there is no picture {}, so it is left out", row.image_id);
                self.tell(FaultKind::Orphan, line, message);
                continue;
            }
            let Some(class) = class_of.get(&row.category_id) else {
                let message = format!("{name}there is no category {}", row.category_id);
                self.tell(FaultKind::UnknownClass, line, message);
                continue;
            };
            let AnnotationRow { bbox: sides, area, iscrowd, .. } = row;
            let marked = Marked { line, name, class: *class, sides, area, crowd: iscrowd != 0 };
            boxes.entry(row.image_id).or_default().push(marked);
        }
        boxes
    }
}
