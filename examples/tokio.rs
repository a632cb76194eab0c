//! A server's handlers on tokio: none of its threads sleeps while the GPU works (pictures are decoded where blocking is allowed), and a queue gives the detector to one at a time.
//! `cargo run --release --example tokio MODEL PICTURE..`

use std::sync::Arc;

use tokio::sync::Mutex;
use yolov4::{Detections, Detector, Error, Picture};

/// What a handler of requests does.
async fn handle(detector: Arc<Mutex<Detector>>, path: String) -> Result<Detections, Error> {
    let name = path.clone();
    let decoded = tokio::task::spawn_blocking(move || Picture::open(path)).await;
    let picture = decoded.map_err(|e| Error::Usage(e.to_string()))??;
    let found = detector.lock().await.detect_async(&picture).await?;
    Ok(Detections { image: name, ..found })
}

async fn serve(model: &str, pictures: &[String]) -> Result<(), Error> {
    let detector = Arc::new(Mutex::new(Detector::builder().model(model).build_async().await?));
    let handlers: Vec<_> =
        pictures.iter().map(|picture| tokio::spawn(handle(Arc::clone(&detector), picture.clone()))).collect();
    for handler in handlers {
        let found = handler.await.map_err(|e| Error::Usage(e.to_string()))??;
        println!("{}: {} objects", found.image, found.len());
    }
    Ok(())
}

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, pictures @ ..] = &args[..] else {
        return Err(Error::Usage("expected MODEL PICTURE..".into()));
    };
    // In the place of `#[tokio::main]`, which is a feature more.
    let runtime = tokio::runtime::Runtime::new().map_err(Error::io("tokio's threads"))?;
    runtime.block_on(serve(model, pictures))
}
