//! Labelled pictures: COCO's annotations, Darknet's label files, and whose classes are whose.

mod classes;
mod coco;
mod darknet;
mod labelled;
pub mod lists;

pub use classes::{ClassMap, match_classes};
pub use coco::{coco_category, read_coco};
pub use darknet::read_darknet;
pub use labelled::{Annotation, Category, Dataset, LabelledImage};
