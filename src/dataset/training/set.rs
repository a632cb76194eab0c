//! A set to learn from.

use std::path::PathBuf;

use crate::dataset::{Category, Dataset, Fault, LabelledImage, Severity, coco_category, labelled::Written};

/// What pictures are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetPart {
    /// To be learnt from.
    Train,
    /// To be measured on while learning.
    Valid,
    /// To be measured on once, at the end.
    Test,
}

impl SetPart {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// As it is spelt.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }
}

impl std::fmt::Display for SetPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A picture with its objects, and where they were written down.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledPicture {
    /// The picture and the objects that can be used.
    pub image: LabelledImage,
    /// The file of its labels; none if there is none.
    pub labels: Option<PathBuf>,
    /// Where each object stands in it, from 1.
    pub lines: Vec<usize>,
    /// The list that names the picture, and the line.
    pub listed: Option<(PathBuf, usize)>,
    /// Where in `labels` its size stands, from 1.
    pub size_line: Option<usize>,
    /// Columns and rows that the file has, turned as its EXIF says; none before somebody looked ([`TrainingSet::measure`]).
    pub own_size: Option<(usize, usize)>,
    /// Classes of the boxes that are left out.
    pub left_out: Vec<usize>,
}

impl LabelledPicture {
    /// Columns and rows: as marked, or else of the file; none if neither is known.
    pub fn size(&self) -> Option<(usize, usize)> {
        self.image.size.or(self.own_size)
    }

    /// What is to be learnt: class, then centre x and y, width and height as fractions of the picture, clipped to it. Without crowds; nothing
    /// where boxes are in pixels and the size is not known.
    pub fn truths(&self) -> Vec<(usize, [f64; 4])> {
        match &self.image.written {
            Written::Fractions(boxes) => boxes.iter().map(|(class, sides)| (*class, clipped(*sides))).collect(),
            Written::Pixels(boxes) => {
                let Some((width, height)) = self.size() else { return vec![] };
                let single = boxes.iter().filter(|object| !object.crowd);
                single.map(|object| (object.category, clipped(fractions(object.bbox, (width, height))))).collect()
            }
        }
    }

    /// The class of each object, crowds included.
    pub fn classes(&self) -> Vec<usize> {
        match &self.image.written {
            Written::Pixels(boxes) => boxes.iter().map(|object| object.category).collect(),
            Written::Fractions(boxes) => boxes.iter().map(|(class, _)| *class).collect(),
        }
    }
}

/// Left, top, width, height in pixels of a picture of this size as centre, width, height in fractions of it.
pub fn fractions([x, y, w, h]: [f64; 4], (width, height): (usize, usize)) -> [f64; 4] {
    let (width, height) = (width as f64, height as f64);
    [(x + w / 2.0) / width, (y + h / 2.0) / height, w / width, h / height]
}

fn clipped([x, y, w, h]: [f64; 4]) -> [f64; 4] {
    let side = |centre: f64, length: f64| {
        let (low, high) = (centre - length / 2.0, centre + length / 2.0);
        // What is inside stays as it is, to the last bit.
        if low >= 0.0 && high <= 1.0 {
            return (centre, length);
        }
        let (low, high) = (low.clamp(0.0, 1.0), high.clamp(0.0, 1.0));
        ((low + high) / 2.0, high - low)
    };
    let ((x, w), (y, h)) = (side(x, w), side(y, h));
    [x, y, w, h]
}

/// Pictures to learn from and to measure on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingSet {
    /// What it was read from.
    pub source: PathBuf,
    /// What there may be in the pictures, by class.
    pub classes: Vec<String>,
    /// Where the classes stand: a file, and the line of each where it has one.
    pub named: (PathBuf, Vec<Option<usize>>),
    /// Pictures to be learnt from.
    pub train: Vec<LabelledPicture>,
    /// Pictures to be measured on while learning; empty if nothing says which: [`TrainingSet::split`].
    pub valid: Vec<LabelledPicture>,
    /// Pictures to be measured on at the end, if there are any.
    pub test: Vec<LabelledPicture>,
    /// What is wrong with labels and lists, by file and line; [`check`](crate::dataset::check()) looks at pictures too.
    pub faults: Vec<Fault>,
}

impl TrainingSet {
    /// The pictures of a part.
    pub fn part(&self, part: SetPart) -> &[LabelledPicture] {
        match part {
            SetPart::Train => &self.train,
            SetPart::Valid => &self.valid,
            SetPart::Test => &self.test,
        }
    }

    pub(super) fn part_mut(&mut self, part: SetPart) -> &mut Vec<LabelledPicture> {
        match part {
            SetPart::Train => &mut self.train,
            SetPart::Valid => &mut self.valid,
            SetPart::Test => &mut self.test,
        }
    }

    /// A part as evaluation wants it. Categories have the ids of [`coco_category`] if there are eighty classes, else from 1.
    pub fn dataset(&self, part: SetPart) -> Dataset {
        let coco = self.classes.len() == 80;
        let id = |class: usize| if coco { coco_category(class) } else { class + 1 } as u64;
        let category = |(class, name): (usize, &String)| Category { id: id(class), name: name.clone() };
        Dataset {
            images: self.part(part).iter().map(|picture| picture.image.clone()).collect(),
            categories: self.classes.iter().enumerate().map(category).collect(),
            notes: vec![],
        }
    }

    /// The first fault that would make what is learnt or measured wrong.
    pub fn first_error(&self) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.severity() == Severity::Error)
    }
}
