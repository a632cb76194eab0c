//! Labelled pictures: COCO's annotations, Darknet's label files, and whose classes are whose; sets to learn from, and what is wrong with
//! them.

#[cfg(feature = "train")]
mod anchors;
#[cfg(feature = "train")]
mod check;
mod classes;
mod coco;
mod coco_rows;
mod darknet;
#[cfg(feature = "train")]
mod each;
mod fault;
mod label_files;
mod label_text;
mod labelled;
pub mod lists;
#[cfg(feature = "train")]
mod training;

#[cfg(feature = "train")]
pub use anchors::{
    AnchorFit, AnchorHead, ClassFit, MadeAnchors, ObjectShape, ShapeTable, fit, make_anchors, shapes, sizes,
};
#[cfg(feature = "train")]
pub use check::{ClassCount, PartCount, PictureDecoder, SetReport, SetSummary, check};
pub use classes::{ClassMap, match_classes};
pub use coco::{coco_category, read_coco};
pub use darknet::read_darknet;
pub use fault::{Fault, FaultKind, Severity};
pub use label_text::{LabelLine, parse as parse_labels};
pub use labelled::{Annotation, Category, Dataset, LabelledImage};
#[cfg(feature = "train")]
pub use training::{LabelledPicture, SetPart, TrainingSet, Validation};
