//! Sets of labelled pictures to learn from, in the formats that there are: one reader a file, all of them end in a [`TrainingSet`].
//!
//! What a reader finds wrong it notes and goes on; what cannot be used (a box of no size, a picture that is not there) it leaves out.

mod boxes;
mod choose;
mod coco;
mod coco_folder;
mod darknet;
mod data_yaml;
mod folder;
mod listing;
mod names;
mod open;
mod orphans;
mod parts;
mod picture_files;
mod picture_size;
mod recognise;
mod set;
mod split;
mod text_labels;
mod valid_list;
mod voc;
mod voc_xml;
mod yolo;

pub use set::{LabelledPicture, SetPart, TrainingSet};
pub use split::Validation;
