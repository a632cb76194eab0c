//! How large the objects of a set are for a network.

use std::fmt;

use crate::dataset::{TrainingSet, anchors::shapes::shapes};

/// Where one column ends and the next begins: sides in pixels of the canvas.
const BOUNDS: [usize; 6] = [8, 16, 32, 64, 128, 256];

/// Objects to be learnt from, by size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeTable {
    /// Columns and rows of the canvas.
    pub canvas: (usize, usize),
    /// By class: how many have sides (the root of the area) below 8, 16, 32, 64, 128, 256 pixels, and the rest.
    pub classes: Vec<(String, [usize; 7])>,
    /// How many are less than a pixel wide or high, and so are not learnt by Darknet.
    pub unseen: usize,
    /// How many pictures are left out because their size is not known.
    pub unmeasured: usize,
}

/// The sizes of the objects to be learnt from on a canvas of columns and rows; `letterbox`: pictures keep their proportions on it, and must
/// have been measured.
pub fn sizes(set: &TrainingSet, canvas: (usize, usize), letterbox: bool) -> ShapeTable {
    let mut classes: Vec<(String, [usize; 7])> = set.classes.iter().map(|name| (name.clone(), [0; 7])).collect();
    let mut unseen = 0;
    for shape in shapes(&set.train, canvas, letterbox) {
        let side = (shape.size.0 * shape.size.1).sqrt();
        let column = BOUNDS.iter().take_while(|bound| side >= **bound as f64).count();
        if let Some((_, counts)) = classes.get_mut(shape.class) {
            counts[column] += 1;
        }
        unseen += usize::from(!shape.is_seen());
    }
    let unmeasured = set.train.iter().filter(|picture| letterbox && picture.size().is_none()).count();
    ShapeTable { canvas, classes, unseen, unmeasured }
}

/// A table, a line a class, and remarks.
impl fmt::Display for ShapeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = format!("pixels of {} x {}", self.canvas.0, self.canvas.1);
        let wide = self.classes.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(title.len());
        write!(f, "{title:wide$}")?;
        for bound in BOUNDS {
            write!(f, " {:>7}", format!("< {bound}"))?;
        }
        writeln!(f, " {:>7}", "more")?;
        for (name, counts) in &self.classes {
            write!(f, "{name:wide$}")?;
            for count in counts {
                write!(f, " {count:>7}")?;
            }
            writeln!(f)?;
        }
        if self.unseen > 0 {
            writeln!(f, "{} objects are less than a pixel wide or high: a larger size shows them", self.unseen)?;
        }
        if self.unmeasured > 0 {
            writeln!(f, "{} pictures are left out: their size is not known", self.unmeasured)?;
        }
        Ok(())
    }
}
