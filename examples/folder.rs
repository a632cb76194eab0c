//! Objects in every picture of a folder, four at once: `cargo run --release --example folder MODEL FOLDER`.

use std::path::PathBuf;

use yolov4::{Detector, Error};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder] = &args[..] else {
        return Err(Error::Usage("expected MODEL FOLDER".into()));
    };
    let mut detector = Detector::builder().model(model).batch(4).build()?;
    let entries = std::fs::read_dir(folder).map_err(Error::io(folder))?;
    let paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    for (path, found) in paths.iter().zip(detector.detect_each(&paths)) {
        match found {
            Ok(found) => println!("{}: {} objects", path.display(), found.len()),
            // Nothing that follows would be found either.
            Err(e @ Error::DeviceLost(_)) => return Err(e),
            // A file that is no picture is worth a line, not the end.
            Err(e) => eprintln!("{e}"),
        }
    }
    Ok(())
}
