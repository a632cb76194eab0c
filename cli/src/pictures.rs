//! Pictures one after the other: read ahead, and names for what is made of each.

use std::{
    collections::{HashMap, HashSet},
    io::Read,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver},
};

use yolov4::{Error, Picture, Result};

pub use yolov4::low_level::video::paths::expand;

/// A file name for what is made of each picture, no two alike on any file system: its stem, or its whole name where two
/// pictures share a stem, or that with a number.
pub fn names(paths: &[PathBuf]) -> Vec<String> {
    let lossy = |part: Option<&std::ffi::OsStr>| part.map_or_else(String::new, |p| p.to_string_lossy().into_owned());
    let stem = |path: &PathBuf| if path.as_os_str() == "-" { "stdin".into() } else { lossy(path.file_stem()) };
    let mut alike: HashMap<String, usize> = HashMap::new();
    for path in paths {
        *alike.entry(stem(path).to_lowercase()).or_default() += 1;
    }
    let mut taken = HashSet::new();
    let name = |path: &PathBuf| {
        let alone = alike.get(&stem(path).to_lowercase()) == Some(&1);
        let base = if alone { stem(path) } else { lossy(path.file_name()) };
        let numbered = std::iter::once(base.clone()).chain((2..).map(|n| format!("{base}-{n}")));
        numbered.into_iter().find(|name| taken.insert(name.to_lowercase())).unwrap_or(base)
    };
    paths.iter().map(name).collect()
}

/// Reads `paths` in batches on a thread of its own, one batch ahead: the next pictures are decoded while the GPU is busy.
pub fn reader(paths: Vec<PathBuf>, batch: usize, exif: bool) -> Receiver<Vec<Result<Picture>>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        for paths in paths.chunks(batch) {
            // Nobody wants the rest if the device is lost.
            if sender.send(paths.iter().map(|path| read(path, exif)).collect()).is_err() {
                break;
            }
        }
    });
    receiver
}

fn read(path: &Path, exif: bool) -> Result<Picture> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(Error::io("standard input"))?;
        Picture::decode(&bytes, "standard input", exif)
    } else {
        Picture::open_with(path, exif)
    }
}
