//! Several pictures at once: they fill a GPU that one does not, and weights are read once for all of them.
//! `cargo run --release --example batch MODEL PICTURE..`

use yolov4::{Detector, Error};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, pictures @ ..] = &args[..] else {
        return Err(Error::Usage("expected MODEL PICTURE..".into()));
    };
    let mut detector = Detector::builder().model(model).batch(4).build()?;
    // As many as there are: the detector takes four of them a time.
    for found in detector.detect_batch(pictures)? {
        println!("{}: {} objects", found.image, found.len());
    }
    Ok(())
}
