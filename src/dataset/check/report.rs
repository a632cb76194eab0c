//! What a check found.

use std::fmt;

use crate::dataset::{Fault, LabelledPicture, SetPart, Severity, TrainingSet};

/// What is wrong, and what there is.
#[derive(Clone, Debug, PartialEq)]
pub struct SetReport {
    /// By file and line.
    pub faults: Vec<Fault>,
    /// What there is.
    pub summary: SetSummary,
}

impl SetReport {
    /// How many faults are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.faults.iter().filter(|fault| fault.severity() == severity).count()
    }
}

/// How much there is in a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetSummary {
    /// By [`SetPart::ALL`].
    pub parts: [PartCount; 3],
    /// By class.
    pub classes: Vec<ClassCount>,
}

/// How much there is in a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartCount {
    /// Pictures.
    pub pictures: usize,
    /// Boxes that are learnt from or measured on.
    pub boxes: usize,
    /// Pictures with labels that say that nothing is there, or nothing that can be used.
    pub negatives: usize,
    /// Pictures without labels.
    pub unlabelled: usize,
}

/// How much there is of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassCount {
    /// Its name.
    pub name: String,
    /// Boxes by [`SetPart::ALL`].
    pub boxes: [usize; 3],
    /// Pictures with one of it, by [`SetPart::ALL`].
    pub pictures: [usize; 3],
    /// Boxes that are left out.
    pub left_out: usize,
}

impl SetSummary {
    /// What there is in a set.
    pub fn of(set: &TrainingSet) -> Self {
        let class = |name: &String| ClassCount { name: name.clone(), boxes: [0; 3], pictures: [0; 3], left_out: 0 };
        let mut classes: Vec<ClassCount> = set.classes.iter().map(class).collect();
        let mut parts = [PartCount::default(); 3];
        for (at, part) in SetPart::ALL.into_iter().enumerate() {
            for picture in set.part(part) {
                parts[at].add(picture);
                let mut found = picture.classes();
                let mut count = |found: &[usize], add: fn(&mut ClassCount, usize)| {
                    for class in found {
                        if let Some(count) = classes.get_mut(*class) {
                            add(count, at);
                        }
                    }
                };
                count(&found, |count, at| count.boxes[at] += 1);
                found.sort_unstable();
                found.dedup();
                count(&found, |count, at| count.pictures[at] += 1);
                count(&picture.left_out, |count, _| count.left_out += 1);
            }
        }
        Self { parts, classes }
    }
}

impl PartCount {
    fn add(&mut self, picture: &LabelledPicture) {
        let boxes = picture.image.objects();
        self.pictures += 1;
        self.boxes += boxes;
        self.unlabelled += usize::from(picture.labels.is_none());
        self.negatives += usize::from(picture.labels.is_some() && boxes == 0);
    }
}

/// Two tables, of parts and of classes.
impl fmt::Display for SetSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wide = self.classes.iter().map(|class| class.name.chars().count()).max().unwrap_or(0).max(5);
        writeln!(f, "{:wide$} {:>9} {:>9} {:>9} {:>10}", "", "pictures", "boxes", "negatives", "unlabelled")?;
        for (part, count) in SetPart::ALL.into_iter().zip(&self.parts).filter(|(_, count)| count.pictures > 0) {
            let PartCount { pictures, boxes, negatives, unlabelled } = count;
            writeln!(f, "{:wide$} {pictures:>9} {boxes:>9} {negatives:>9} {unlabelled:>10}", part.name())?;
        }
        writeln!(f, "{:wide$} {:>9} {:>9} {:>9} {:>10}", "boxes", "train", "valid", "test", "left out")?;
        for ClassCount { name, boxes: [train, valid, test], left_out, .. } in &self.classes {
            writeln!(f, "{name:wide$} {train:>9} {valid:>9} {test:>9} {left_out:>10}")?;
        }
        Ok(())
    }
}
