//! A set from one path.

use std::path::Path;

use crate::{
    dataset::training::{
        coco, darknet,
        recognise::{SetLayout, recognise},
        set::TrainingSet,
        voc, yolo,
    },
    error::Result,
};

impl TrainingSet {
    /// Reads the set at `path`, whatever it is: a `.data` of Darknet, a `data.yaml`, a `.json` of COCO, or a folder with one of these, with
    /// annotations of VOC, or with pictures and texts of labels. What is wrong with single lines and files is in `faults`.
    ///
    /// # Errors
    /// [`Error::Usage`](crate::Error::Usage) if it is none of these, or more than one, or has no names of classes;
    /// [`Error::Io`](crate::Error::Io), [`Error::Text`](crate::Error::Text) for the files that the others depend on.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut set = match recognise(path)? {
            SetLayout::Darknet(file) => darknet::read(&file)?,
            SetLayout::DataYaml(file) => yolo::read_yaml(&file)?,
            SetLayout::Coco(parts) => coco::read(path, &parts)?,
            SetLayout::Voc(parts) => voc::read(path, &parts)?,
            SetLayout::Folders(parts, deep) => yolo::read_folders(path, parts, deep)?,
        };
        set.faults.sort();
        Ok(set)
    }
}
