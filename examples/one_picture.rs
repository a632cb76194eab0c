//! Objects in one picture: `cargo run --release --example one_picture MODEL PICTURE`, where the model is a name of the zoo or one file.

use yolov4::{Detector, Error};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, picture] = &args[..] else {
        return Err(Error::Usage("expected MODEL PICTURE".into()));
    };
    let mut detector = Detector::builder().model(model).build()?;
    for found in detector.detect(picture)? {
        println!("{} {:.2} {:?}", found.name, found.score, found.bbox);
    }
    Ok(())
}
