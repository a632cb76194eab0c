//! What is found in pictures, as lines of JSON for another program: `cargo run --release --example json MODEL PICTURE..`.

use yolov4::{Detector, Error};

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let model = args.next().ok_or_else(|| Error::Usage("expected MODEL PICTURE..".into()))?;
    let mut detector = Detector::builder().model(model).build()?;
    for picture in args {
        println!("{}", detector.detect(&picture)?.to_json()?);
    }
    Ok(())
}
