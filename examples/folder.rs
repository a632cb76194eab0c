//! Objects in every picture of a folder, four at once: `cargo run --release --example folder MODEL FOLDER`.

use std::path::PathBuf;

use yolov4::{Detector, Error, Picture};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder] = &args[..] else {
        return Err(Error::Usage("expected MODEL FOLDER".into()));
    };
    let mut detector = Detector::builder().model(model).batch(4).build()?;
    let entries = std::fs::read_dir(folder).map_err(Error::io(folder))?;
    let paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    for paths in paths.chunks(detector.batch()) {
        let mut pictures = Vec::new();
        for path in paths {
            // A file that is no picture is worth a line, not the end.
            match Picture::open(path) {
                Ok(picture) => pictures.push((path, picture)),
                Err(e) => eprintln!("{e}"),
            }
        }
        let found = detector.detect_batch(pictures.iter().map(|(_, picture)| picture))?;
        for ((path, _), found) in pictures.iter().zip(found) {
            println!("{}: {} objects", path.display(), found.len());
        }
    }
    Ok(())
}
