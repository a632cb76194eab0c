//! Objects in one picture: `cargo run --release --example one_picture CFG WEIGHTS PICTURE`.

use yolov4::{Detector, Error, Picture};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [cfg, weights, picture] = &args[..] else {
        return Err(Error::Usage("expected CFG WEIGHTS PICTURE".into()));
    };
    pollster::block_on(async {
        let mut detector = Detector::builder().model(cfg).weights(weights).build().await?;
        for found in detector.detect(&Picture::open(picture)?).await? {
            println!("{} {:.2} {:?}", found.name, found.score, found.bbox);
        }
        Ok(())
    })
}
