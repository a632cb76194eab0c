//! A server's handlers on an async runtime: detection puts none of its threads to sleep, and a queue gives the detector to one at a time.
//! `cargo run --release --example async_runtime MODEL PICTURE..`

use futures::{StreamExt, lock::Mutex, stream};
use yolov4::{Detections, Detector, Error};

/// What a handler of requests does.
async fn handle(detector: &Mutex<Detector>, picture: &str) -> Result<Detections, Error> {
    detector.lock().await.detect_async(picture).await
}

async fn serve(model: &str, pictures: &[String]) -> Result<(), Error> {
    let detector = Mutex::new(Detector::builder().model(model).build_async().await?);
    let handlers = pictures.iter().map(|picture| handle(&detector, picture));
    let mut answers = stream::iter(handlers).buffered(4);
    while let Some(found) = answers.next().await {
        let found = found?;
        println!("{}: {} objects", found.image, found.len());
    }
    Ok(())
}

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, pictures @ ..] = &args[..] else {
        return Err(Error::Usage("expected MODEL PICTURE..".into()));
    };
    // In the place of `#[tokio::main]`: any runtime does.
    pollster::block_on(serve(model, pictures))
}
