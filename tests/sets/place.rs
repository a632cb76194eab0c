//! Data sets in folders that are gone afterwards.
#![allow(dead_code, reason = "each file takes a part of it")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use image::{Rgb, RgbImage};
use tempfile::TempDir;
use yolov4::dataset::{SetReport, TrainingSet, check};

/// A folder of a test.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.0.path().to_owned() } else { self.0.path().join(name) }
    }

    pub fn bytes(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn text(&self, name: &str, text: &str) {
        self.bytes(name, text.as_bytes());
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// A picture that is like no other of another `shade`.
    pub fn picture(&self, name: &str, (width, height): (u32, u32), shade: u8) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, shade])).save(path).unwrap();
    }

    pub fn open(&self, name: &str) -> TrainingSet {
        TrainingSet::open(self.path(name)).unwrap()
    }

    pub fn refused(&self, name: &str) -> String {
        self.short(&TrainingSet::open(self.path(name)).unwrap_err().to_string())
    }

    pub fn check(&self, name: &str) -> SetReport {
        check(&self.open(name), &|bytes, path| decode(bytes, path))
    }

    /// A text without the name of the folder.
    pub fn short(&self, text: &str) -> String {
        // Windows writes the other stroke.
        let plain = |text: &str| text.replace('\\', "/");
        let here = plain(&self.0.path().display().to_string());
        plain(text).replace(&format!("{here}/"), "").replace(&here, ".")
    }

    /// A fault a line: `file:line Kind`.
    pub fn kinds(&self, report: &SetReport) -> Vec<String> {
        let kind = |fault: &yolov4::dataset::Fault| {
            let line = fault.line.map_or_else(String::new, |line| format!(":{line}"));
            format!("{}{line} {:?}", self.short(&fault.file.display().to_string()), fault.kind)
        };
        report.faults.iter().map(kind).collect()
    }

    /// Darknet's files, two classes, two pictures to learn from and two to measure on, with nothing wrong.
    pub fn darknet() -> Self {
        let place = Self::new();
        place.text(
            "obj.data",
            "classes = 2\ntrain = train.txt\nvalid = valid.txt\nnames = obj.names\nbackup = backup/\n",
        );
        place.text("obj.names", "cat\ndog\n");
        place.text("train.txt", "obj/a.png\nobj/b.png\n");
        place.text("valid.txt", "obj/c.png\nobj/d.png\n");
        for (name, shade) in ["a", "b", "c", "d"].iter().zip(1..) {
            place.picture(&format!("obj/{name}.png"), (64, 48), shade);
            place.text(&format!("obj/{name}.txt"), "0 0.5 0.5 0.25 0.25\n1 0.25 0.5 0.125 0.5\n");
        }
        place
    }
}

/// A folder of the test data.
pub fn data(what: &str) -> Option<PathBuf> {
    crate::common::test_data().map(|data| data.join(what))
}

/// As the program reads pictures.
pub fn decode(bytes: &[u8], path: &Path) -> yolov4::Result<(yolov4::Picture, Option<String>)> {
    yolov4::Picture::decode_telling(bytes, path, true)
}
