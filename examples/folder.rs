//! Objects in every picture of a folder: one program, many frames.
//! `cargo run --release --example folder CFG WEIGHTS FOLDER`

use yolov4::{Detector, Error, Picture};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [cfg, weights, folder] = &args[..] else {
        return Err(Error::Usage("expected CFG WEIGHTS FOLDER".into()));
    };
    pollster::block_on(async {
        let mut detector = Detector::builder().model(cfg).weights(weights).build().await?;
        for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
            let path = entry.map_err(Error::io(folder))?.path();
            // A file that is no picture is worth a line, not the end.
            match Picture::open(&path) {
                Ok(picture) => println!("{}: {} objects", path.display(), detector.detect(&picture).await?.len()),
                Err(e) => eprintln!("{e}"),
            }
        }
        Ok(())
    })
}
